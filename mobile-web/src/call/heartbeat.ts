// Together at most 2.5 s from the last sign of life to the verdict; the rest is for a busy phone.
const LOOK_EVERY_MS = 200;
const PING_EVERY_MS = 700;
const SILENCE_LIMIT_MS = 2_300;
// On a crowded way pictures come and answers are late; longer than this, nobody hears us.
const UNHEARD_LIMIT_MS = 6_000;
// How long an answer may take when there is reason to doubt that one will come.
const PROBE_LIMIT_MS = 1_300;
// A page that slept this long has not read what came meanwhile.
const SLEPT_MS = 1_200;

export interface HeartbeatNeeds {
	ping: () => void;
	/** Whether picture or sound have come since the last look. */
	flows: () => boolean;
	/** Nothing came for too long. Said once. */
	lost: () => void;
}

/** Notices a dead path: asks often, and takes pictures and sound for signs of life too. */
export class Heartbeat {
	#timer: ReturnType<typeof setInterval> | undefined;
	#heardMs = 0;
	#flowedMs = 0;
	#pingedMs = 0;
	#lookedMs = 0;
	#limitMs = SILENCE_LIMIT_MS;

	constructor(private readonly needs: HeartbeatNeeds) {}

	start(): void {
		if (this.#timer !== undefined) return;
		const now = performance.now();
		this.#heardMs = now;
		this.#flowedMs = now;
		this.#pingedMs = now;
		this.#lookedMs = now;
		this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
	}

	/** Something came from the other end. */
	heard(): void {
		this.#heardMs = performance.now();
		this.#limitMs = SILENCE_LIMIT_MS;
	}

	/** There is reason to doubt the path: ask now, and wait less long than usual. */
	probe(): void {
		if (this.#timer === undefined) return;
		const now = performance.now();
		this.#limitMs = Math.min(SILENCE_LIMIT_MS, now - this.#aliveMs + PROBE_LIMIT_MS);
		this.#ping(now);
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	#look(): void {
		const now = performance.now();
		const slept = now - this.#lookedMs > SLEPT_MS;
		this.#lookedMs = now;
		if (this.needs.flows()) this.#flowedMs = now;
		if (slept) {
			this.#heardMs = now;
			this.probe();
		} else if (this.#isDead(now)) {
			this.stop();
			this.needs.lost();
		} else if (now - this.#pingedMs >= PING_EVERY_MS) this.#ping(now);
	}

	#isDead(now: number): boolean {
		return now - this.#aliveMs >= this.#limitMs || now - this.#heardMs >= UNHEARD_LIMIT_MS;
	}

	/** When the last sign of life came. */
	get #aliveMs(): number {
		return Math.max(this.#heardMs, this.#flowedMs);
	}

	#ping(now: number): void {
		this.#pingedMs = now;
		this.needs.ping();
	}
}
