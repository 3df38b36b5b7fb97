import { type Counters, countersOf } from "./counters";
import { h264First, trickleFragment } from "./sdp";

// Pictures are shown the moment they are whole: a door is watched live, not enjoyed.
const VIDEO_BUFFER_MS = 0;
// Below this, ordinary Wi-Fi jitter makes voices crackle.
const AUDIO_BUFFER_MS = 50;

// At home candidates are there in milliseconds; a TURN server takes longer, and may trickle.
const GATHERING_LIMIT_MS = 400;

type BufferedReceiver = RTCRtpReceiver & { jitterBufferTarget?: number | null };

/**
 * One peer connection with everything a call needs, its offer made at once. It can be prepared
 * before anyone taps, so that a tap only has to post the offer.
 */
export class Peer {
	readonly connection: RTCPeerConnection;
	/** Video and sound of the door; the tracks are there before the first picture is. */
	readonly stream: MediaStream;
	readonly control: RTCDataChannel;
	/** Newest matters only: unordered, never sent again. */
	readonly latest: RTCDataChannel;
	/** A file straight from the doorbell. */
	readonly files: RTCDataChannel;
	readonly madeAtMs = Date.now();
	readonly #audio: RTCRtpTransceiver;
	readonly #video: RTCRtpTransceiver;
	readonly #ready: Promise<void>;
	#offered: string | undefined;
	#late: RTCIceCandidate[] = [];
	#sendLate: ((fragment: string) => void) | undefined;

	constructor(iceServers: readonly RTCIceServer[]) {
		this.connection = new RTCPeerConnection({
			iceServers: [...iceServers],
			bundlePolicy: "max-bundle",
		});
		this.#video = this.connection.addTransceiver("video", { direction: "recvonly" });
		const video = this.#video;
		this.#audio = this.connection.addTransceiver("audio", { direction: "sendrecv" });
		preferH264(video);
		buffer(video.receiver, VIDEO_BUFFER_MS);
		buffer(this.#audio.receiver, AUDIO_BUFFER_MS);
		this.stream = new MediaStream([video.receiver.track, this.#audio.receiver.track]);
		this.control = this.connection.createDataChannel("control", { ordered: true });
		this.latest = this.connection.createDataChannel("latest", {
			ordered: false,
			maxRetransmits: 0,
		});
		this.files = this.connection.createDataChannel("files", { ordered: true });
		this.files.binaryType = "arraybuffer";
		this.connection.onicecandidate = ({ candidate }) => this.#found(candidate);
		this.#ready = this.connection.setLocalDescription();
		// Whoever uses the peer awaits offer(); a peer that nobody used may fail in silence.
		this.#ready.catch(() => undefined);
	}

	/** The offer, with the candidates found so far. Later ones go to `trickle`. */
	async offer(): Promise<string> {
		await this.#ready;
		// Once told it stays the same, because it may be signed already.
		if (this.#offered === undefined) {
			this.#late = [];
			this.#offered = this.connection.localDescription?.sdp ?? "";
		}
		return this.#offered;
	}

	/** Resolves once all candidates are in the offer, or enough time went by for those that matter. */
	async gathered(): Promise<void> {
		await this.#ready;
		if (this.connection.iceGatheringState === "complete") return;
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, GATHERING_LIMIT_MS);
			this.connection.addEventListener("icegatheringstatechange", () => {
				if (this.connection.iceGatheringState !== "complete") return;
				clearTimeout(timer);
				resolve();
			});
		});
	}

	answer(sdp: string): Promise<void> {
		return this.connection.setRemoteDescription({ type: "answer", sdp });
	}

	/** Hand over candidates that were found after the offer, now and as they come. */
	trickle(send: (fragment: string) => void): void {
		this.#sendLate = send;
		this.#flush();
	}

	/** What this phone says; null is silence. No renegotiation happens. */
	async speak(track: MediaStreamTrack | null): Promise<void> {
		await this.#audio.sender.replaceTrack(track);
	}

	/** What the video receiver has counted so far. */
	async counters(): Promise<Counters> {
		return countersOf(await this.#video.receiver.getStats());
	}

	/** When the newest picture or sound came; only good for comparing. */
	newestMediaMs(): number {
		const receivers = [this.#video.receiver, this.#audio.receiver];
		const sources = receivers.flatMap((each) => each.getSynchronizationSources?.() ?? []);
		return sources.reduce((newest, { timestamp }) => Math.max(newest, timestamp), 0);
	}

	/** Nothing is heard or said any more; the last picture stays. */
	silence(): void {
		for (const track of this.stream.getAudioTracks()) track.enabled = false;
		this.speak(null).catch(() => undefined);
	}

	close(): void {
		this.#sendLate = undefined;
		this.connection.onicecandidate = null;
		this.connection.onconnectionstatechange = null;
		this.connection.oniceconnectionstatechange = null;
		this.connection.close();
	}

	#found(candidate: RTCIceCandidate | null): void {
		if (!candidate) return;
		this.#late.push(candidate);
		this.#flush();
	}

	#flush(): void {
		if (!this.#sendLate || this.#late.length === 0) return;
		const fragment = trickleFragment(this.connection.localDescription?.sdp ?? "", this.#late);
		this.#late = [];
		this.#sendLate(fragment);
	}
}

function preferH264(video: RTCRtpTransceiver): void {
	const known = RTCRtpReceiver.getCapabilities?.("video")?.codecs;
	if (known && "setCodecPreferences" in video) video.setCodecPreferences(h264First(known));
}

function buffer(receiver: BufferedReceiver, targetMs: number): void {
	if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = targetMs;
}
