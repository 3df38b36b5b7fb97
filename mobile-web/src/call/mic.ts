type AudioSessionNavigator = Navigator & { audioSession?: { type: string } };

const SPEECH: MediaTrackConstraints = {
	echoCancellation: true,
	noiseSuppression: true,
	autoGainControl: true,
	channelCount: 1,
};

/** Ask for the microphone once, so that nobody is asked while someone waits at the door. */
export async function askForMicrophone(): Promise<boolean> {
	try {
		const stream = await navigator.mediaDevices.getUserMedia({ audio: SPEECH });
		for (const track of stream.getTracks()) track.stop();
		return true;
	} catch {
		return false;
	}
}

/** Whether the browser would give the microphone without asking. */
export async function microphoneAllowed(): Promise<boolean> {
	try {
		const name = "microphone" as PermissionName;
		return (await navigator.permissions.query({ name })).state === "granted";
	} catch {
		return false;
	}
}

/**
 * The phone's microphone during one call. It is opened once and kept, because opening takes up to
 * a second; while nobody talks its track is disabled and sends silence.
 */
export class Microphone {
	#opening: Promise<MediaStreamTrack> | undefined;
	#closed = false;
	#talking = false;

	/** The track, asking for permission if needed. Rejects when it is refused or there is none. */
	open(): Promise<MediaStreamTrack> {
		this.#opening ??= this.#open().catch((error: unknown) => {
			this.#opening = undefined;
			throw error;
		});
		return this.#opening;
	}

	/** Let the door hear this phone, or not. */
	async talk(on: boolean): Promise<MediaStreamTrack> {
		this.#talking = on;
		const track = await this.open();
		// Another tap may have come while the browser asked.
		track.enabled = this.#talking;
		return track;
	}

	close(): void {
		this.#closed = true;
		void this.#opening?.then((track) => track.stop()).catch(() => undefined);
		this.#opening = undefined;
		session("auto");
	}

	async #open(): Promise<MediaStreamTrack> {
		session("play-and-record");
		const stream = await navigator.mediaDevices.getUserMedia({ audio: SPEECH });
		const track = stream.getAudioTracks()[0];
		if (!track) throw new DOMException("No microphone.", "NotFoundError");
		track.enabled = this.#talking;
		if (this.#closed) track.stop();
		return track;
	}
}

/** Tell iOS what the page does with sound, so that it chooses the loudspeaker. */
function session(type: string): void {
	const { audioSession } = navigator as AudioSessionNavigator;
	if (audioSession) audioSession.type = type;
}
