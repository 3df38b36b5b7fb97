import type { Channel } from "../../src/call/channel";

/** A data channel whose other end is the test. */
export class FakeChannel<Sent> extends EventTarget implements Channel {
	readyState: RTCDataChannelState = "connecting";
	bufferedAmount = 0;
	readonly sent: Sent[] = [];

	send(text: string): void {
		this.sent.push(JSON.parse(text));
	}

	open(): void {
		this.readyState = "open";
		this.dispatchEvent(new Event("open"));
	}

	close(): void {
		this.readyState = "closed";
		this.dispatchEvent(new Event("close"));
	}

	/** The other end says something: text as it is, bytes as they are, else as JSON. */
	say(message: object | string | ArrayBuffer): void {
		const asIs = typeof message === "string" || message instanceof ArrayBuffer;
		const data = asIs ? message : JSON.stringify(message);
		this.dispatchEvent(new MessageEvent("message", { data }));
	}

	get last(): Sent {
		return this.sent.at(-1) as Sent;
	}
}
