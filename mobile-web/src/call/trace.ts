import type { Phase } from "../protocol.gen";

/** How long each step of a call's start takes; times are those of `performance.now()`. */
export class StartTrace {
	readonly #beganMs: number;
	#lastMs: number;
	readonly #phases: Phase[] = [];

	constructor(beganMs = performance.now()) {
		this.#beganMs = beganMs;
		this.#lastMs = beganMs;
	}

	/** The step `name` is done; it began when the step before it was done. Counts once. */
	mark(name: Phase["name"], atMs = performance.now()): void {
		if (this.#phases.some((phase) => phase.name === name)) return;
		const doneMs = Math.max(this.#lastMs, atMs);
		this.#phases.push({ name, ms: Math.round(doneMs - this.#lastMs) });
		this.#lastMs = doneMs;
	}

	/** All steps so far, and their sum. */
	phases(): readonly Phase[] {
		return [...this.#phases, { name: "total", ms: Math.round(this.#lastMs - this.#beganMs) }];
	}
}

/** A picture on the screen, as the browser tells of it (requestVideoFrameCallback). */
export interface ShownFrame {
	/** When the last packet of it arrived, if the browser knows. */
	readonly receivedMs: number | undefined;
	readonly shownMs: number;
}
