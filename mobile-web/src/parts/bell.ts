const CHOICE = "doorstep.ring-sound";
// Two notes, a major third apart and falling: everyone knows what that means.
const NOTES_HZ = [659.26, 523.25];
const NOTE_EVERY_S = 0.55;
const NOTE_LIFE_S = 1.6;
const LOUDNESS = 0.22;
const RING_EVERY_MS = 3_500;
const VIBRATION_MS = [280, 160, 420];

let context: AudioContext | undefined;

/** Browsers let a page sound only after a touch; take the first one. */
export function prepareBell(): void {
	const wake = () => {
		context ??= new AudioContext();
		void context.resume();
	};
	addEventListener("pointerdown", wake, { once: true });
	addEventListener("keydown", wake, { once: true });
}

export function bellWanted(): boolean {
	return localStorage.getItem(CHOICE) !== "off";
}

export function wantBell(on: boolean): void {
	localStorage.setItem(CHOICE, on ? "on" : "off");
}

/** Ring gently until the returned function is called. */
export function ring(): () => void {
	const once = () => {
		if (bellWanted() && context?.state === "running") strike(context);
		navigator.vibrate?.(VIBRATION_MS);
	};
	once();
	const timer = setInterval(once, RING_EVERY_MS);
	return () => {
		clearInterval(timer);
		navigator.vibrate?.(0);
	};
}

function strike(audio: AudioContext): void {
	NOTES_HZ.forEach((pitch, index) => {
		const at = audio.currentTime + index * NOTE_EVERY_S;
		const volume = audio.createGain();
		volume.gain.setValueAtTime(0, at);
		volume.gain.linearRampToValueAtTime(LOUDNESS, at + 0.01);
		volume.gain.exponentialRampToValueAtTime(0.0001, at + NOTE_LIFE_S);
		volume.connect(audio.destination);
		// A quiet overtone makes it a bell and not a test tone.
		for (const [factor, share] of [
			[1, 1],
			[2.76, 0.18],
		] as const) {
			const tone = audio.createOscillator();
			const part = audio.createGain();
			tone.frequency.value = pitch * factor;
			part.gain.value = share;
			tone.connect(part).connect(volume);
			tone.start(at);
			tone.stop(at + NOTE_LIFE_S);
		}
	});
}
