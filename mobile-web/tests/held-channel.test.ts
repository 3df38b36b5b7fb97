import { describe, expect, it } from "vitest";
import { HeldChannel } from "../src/call/held-channel";
import { FakeChannel } from "./support/channel";

function held() {
	const channel = new FakeChannel<object>();
	const outer = new HeldChannel(channel);
	const told: unknown[] = [];
	for (const type of ["open", "message", "close"]) {
		outer.addEventListener(type, (event) => {
			told.push(event instanceof MessageEvent ? event.data : event.type);
		});
	}
	return { channel, outer, told };
}

describe("a held channel", () => {
	it("says and tells nothing before it is trusted, and everything after it", () => {
		const { channel, outer, told } = held();
		channel.open();
		channel.say("first");
		channel.say(new ArrayBuffer(3));
		expect(outer.readyState).toBe("connecting");
		expect(() => outer.send("{}")).toThrow(DOMException);
		expect(told).toEqual([]);
		outer.trust();
		expect(outer.readyState).toBe("open");
		expect(told).toEqual(["open", "first", new ArrayBuffer(3)]);
		channel.say("second");
		outer.send("{}");
		outer.trust();
		expect(told.slice(3)).toEqual(["second"]);
		expect(channel.sent).toEqual([{}]);
	});

	it("may be trusted before it opens", () => {
		const { channel, outer, told } = held();
		outer.trust();
		expect(outer.readyState).toBe("connecting");
		channel.open();
		expect(told).toEqual(["open"]);
	});

	it("tells at once that it is closed", () => {
		const { channel, outer, told } = held();
		channel.open();
		channel.close();
		expect(told).toEqual(["close"]);
		expect(outer.readyState).toBe("closed");
	});

	it("has the buffer of the channel that it holds", () => {
		const { channel, outer } = held();
		channel.bufferedAmount = 17;
		expect(outer.bufferedAmount).toBe(17);
	});
});
