// As long as someone can be expected to hold a phone that shows an old picture.
const LIMIT_MS = 90_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;

export interface ReconnectNeeds {
	/** Call again. */
	again: () => void;
	/** It has been tried for long enough. */
	giveUp: () => void;
}

/** When to call again after the way to the door is gone: soon, then less and less often. */
export class Reconnect {
	#lostAtMs: number | undefined;
	#pauseMs = FIRST_PAUSE_MS;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(private readonly needs: ReconnectNeeds) {}

	/** Whether a lost connection has not come back yet. */
	get active(): boolean {
		return this.#lostAtMs !== undefined;
	}

	/** The connection, or one more attempt, is lost. */
	lost(): void {
		this.#lostAtMs ??= performance.now();
		clearTimeout(this.#timer);
		if (performance.now() - this.#lostAtMs > LIMIT_MS) {
			this.needs.giveUp();
			return;
		}
		const pause = this.#pauseMs;
		this.#pauseMs = Math.min(pause * 2, LONGEST_PAUSE_MS);
		this.#timer = setTimeout(() => this.#again(), pause);
	}

	/** There is reason to hope: call now, if it was to be called later. */
	hurry(): void {
		this.#pauseMs = FIRST_PAUSE_MS;
		if (this.#timer !== undefined) this.#again();
	}

	/** The picture is back. */
	recovered(): void {
		this.stop();
		this.#lostAtMs = undefined;
		this.#pauseMs = FIRST_PAUSE_MS;
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	#again(): void {
		this.stop();
		this.needs.again();
	}
}
