/** One event of a Server-Sent Events stream. */
export interface SentEvent {
	type: string;
	data: string;
}

/**
 * Reads a stream of Server-Sent Events (WHATWG HTML, section 9.2.6) piece by piece.
 * `lastEventId` and `retryMs` carry what the stream said about itself.
 */
export class SseParser {
	lastEventId = "";
	retryMs: number | undefined;
	#held = "";
	#type = "";
	#data: string[] = [];
	#id: string | undefined;

	/** The events that this piece completes; a line may be cut anywhere. */
	push(piece: string): SentEvent[] {
		const events: SentEvent[] = [];
		this.#held += piece;
		for (;;) {
			const end = /\r\n|\n|\r(?!$)/.exec(this.#held);
			if (!end) return events;
			const line = this.#held.slice(0, end.index);
			this.#held = this.#held.slice(end.index + end[0].length);
			const event = line === "" ? this.#dispatch() : this.#field(line);
			if (event) events.push(event);
		}
	}

	#field(line: string): undefined {
		const colon = line.indexOf(":");
		const name = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (name === "data") this.#data.push(value);
		else if (name === "event") this.#type = value;
		else if (name === "id" && !value.includes("\0")) this.#id = value;
		else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
	}

	#dispatch(): SentEvent | undefined {
		if (this.#id !== undefined) this.lastEventId = this.#id;
		const event = { type: this.#type || "message", data: this.#data.join("\n") };
		const complete = this.#data.length > 0;
		this.#type = "";
		this.#data = [];
		this.#id = undefined;
		return complete ? event : undefined;
	}
}
