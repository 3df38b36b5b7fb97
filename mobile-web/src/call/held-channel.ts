import type { Channel } from "./channel";

/** What a data channel of the browser has and a held one needs. */
type Source = Channel & Pick<EventTarget, "addEventListener">;

/**
 * A data channel that says and tells nothing until it is known who is at its other end. What came
 * before waits.
 */
export class HeldChannel extends EventTarget implements Channel {
	#trusted = false;
	#waiting: Event[] = [];

	constructor(private readonly channel: Source) {
		super();
		for (const type of ["open", "message", "close"] as const) {
			channel.addEventListener(type, (event) => this.#tell(copyOf(event)));
		}
	}

	get readyState(): RTCDataChannelState {
		const { readyState } = this.channel;
		return readyState === "open" && !this.#trusted ? "connecting" : readyState;
	}

	get bufferedAmount(): number {
		return this.channel.bufferedAmount;
	}

	send(text: string): void {
		if (!this.#trusted) throw new DOMException("The other end is unknown.", "InvalidStateError");
		this.channel.send(text);
	}

	/** The other end is who it should be. */
	trust(): void {
		if (this.#trusted) return;
		this.#trusted = true;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const event of waiting) this.dispatchEvent(event);
	}

	#tell(event: Event): void {
		if (this.#trusted || event.type === "close") this.dispatchEvent(event);
		else this.#waiting.push(event);
	}
}

/** An event can be told by one object only. */
function copyOf(event: Event): Event {
	return event instanceof MessageEvent
		? new MessageEvent(event.type, { data: event.data })
		: new Event(event.type);
}
