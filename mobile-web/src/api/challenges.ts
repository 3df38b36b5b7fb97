import type { CallChallenge } from "../protocol.gen";

// The doorbell forgets a nonce after thirty seconds; the rest is for the way there.
const FRESH_MS = 25_000;
const RENEW_EVERY_MS = 22_000;

type Fetch = (doorbell: string, signal: AbortSignal) => Promise<CallChallenge>;

/** Nonces of doorbells, at hand while somebody may call, so that a tap costs no extra round trip. */
export class Challenges {
	readonly #kept = new Map<string, { nonce: string; atMs: number }>();

	constructor(private readonly fetch: Fetch) {}

	/** Have one ready for this doorbell until `over` aborts. */
	keep(doorbell: string, over: AbortSignal): void {
		const renew = () => {
			this.fetch(doorbell, over)
				.then(({ nonce }) => {
					if (!over.aborted) this.#kept.set(doorbell, { nonce, atMs: performance.now() });
				})
				// Whoever calls asks again, and says then what is wrong.
				.catch(() => undefined);
		};
		const timer = setInterval(renew, RENEW_EVERY_MS);
		over.addEventListener("abort", () => {
			clearInterval(timer);
			this.#kept.delete(doorbell);
		});
		renew();
	}

	/** The nonce at hand, if it is fresh. It works once. */
	ready(doorbell: string): string | undefined {
		const kept = this.#kept.get(doorbell);
		this.#kept.delete(doorbell);
		return kept && performance.now() - kept.atMs < FRESH_MS ? kept.nonce : undefined;
	}
}
