/**
 * The server's time. Phones' clocks are wrong more often than servers', and tokens carry times;
 * the `Date` header of any answer tells the difference.
 */
export class ServerClock {
	#offsetMs = 0;

	/** Milliseconds since 1970 by the server. */
	nowMs(): number {
		return Date.now() + this.#offsetMs;
	}

	/** Learn from a `Date` header; says whether the offset changed by more than it can round. */
	learn(date: string | null): boolean {
		const server = date ? Date.parse(date) : Number.NaN;
		if (Number.isNaN(server)) return false;
		// The header has whole seconds, so half a second is the best guess of the missing part.
		const offset = server + 500 - Date.now();
		if (Math.abs(offset - this.#offsetMs) < DATE_ROUNDING_MS) return false;
		this.#offsetMs = Math.abs(offset) < DATE_ROUNDING_MS ? 0 : offset;
		return true;
	}
}

// One second of rounding in the header and a slow answer on top.
const DATE_ROUNDING_MS = 5_000;
