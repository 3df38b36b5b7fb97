import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Control, DeniedError } from "../src/call/control";
import { askToUnlock, confirmUnlock, unlockStatement } from "../src/call/unlock";
import { decode } from "../src/identity/base64url";
import type { CallState, ControlRequest } from "../src/protocol.gen";
import { FakeChannel } from "./support/channel";

function connected() {
	const channel = new FakeChannel<ControlRequest>();
	const heard = { opened: vi.fn(), state: vi.fn(), lost: vi.fn(), flows: () => false };
	const control = new Control(channel, heard);
	channel.open();
	return { channel, control, heard };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("requests", () => {
	it("are answered by their number, in any order", async () => {
		const { channel, control } = connected();
		const light = control.request({ type: "light", on: true });
		const chime = control.request({ type: "chime" });
		expect(channel.sent).toEqual([
			{ type: "light", on: true, id: 1 },
			{ type: "chime", id: 2 },
		]);
		channel.say({ type: "done", id: 2 });
		channel.say({ type: "denied", id: 1, reason: "right", detail: "Not allowed." });
		await expect(chime).resolves.toEqual({ type: "done", id: 2 });
		await expect(light).rejects.toMatchObject({ reason: "right", detail: "Not allowed." });
	});

	it("end when nobody answers, and when the channel closes", async () => {
		const { channel, control, heard } = connected();
		const first = control.request({ type: "chime" });
		const ended = expect(first).rejects.toMatchObject({ reason: "silent" });
		// Something keeps coming, so the path is alive; only this answer is missing.
		for (let second = 0; second < 7; second += 1) {
			channel.say("{}");
			await vi.advanceTimersByTimeAsync(1000);
		}
		await ended;
		const second = control.request({ type: "chime" });
		channel.dispatchEvent(new Event("close"));
		await expect(second).rejects.toBeInstanceOf(DeniedError);
		expect(heard.lost).toHaveBeenCalledOnce();
	});

	it("fail at once on a channel that is not open", async () => {
		const control = new Control(new FakeChannel<ControlRequest>(), {
			opened: vi.fn(),
			state: vi.fn(),
			lost: vi.fn(),
			flows: () => false,
		});
		await expect(control.request({ type: "chime" })).rejects.toMatchObject({ reason: "silent" });
	});

	it("leave what is not of this version alone", () => {
		const { channel, heard } = connected();
		for (const text of ["", "null", "[]", "{", '{"type":"new"}', '{"type":"done","id":99}']) {
			channel.say(text);
		}
		expect(heard.state).not.toHaveBeenCalled();
		expect(heard.lost).not.toHaveBeenCalled();
	});
});

describe("the heartbeat", () => {
	it("says when the path is gone, once", () => {
		const { channel, heard } = connected();
		vi.advanceTimersByTime(2000);
		expect(channel.sent.map(({ type }) => type)).toEqual(["ping", "ping"]);
		expect(heard.lost).not.toHaveBeenCalled();
		vi.advanceTimersByTime(1000);
		expect(heard.lost).toHaveBeenCalledOnce();
		vi.advanceTimersByTime(10_000);
		expect(heard.lost).toHaveBeenCalledOnce();
	});

	it("goes on while anything comes back", () => {
		const { channel, heard } = connected();
		for (let second = 0; second < 10; second += 1) {
			vi.advanceTimersByTime(1000);
			channel.say({ type: "done", id: channel.last.id });
		}
		expect(heard.lost).not.toHaveBeenCalled();
	});

	it("says nothing after close", () => {
		const { channel, control, heard } = connected();
		control.close();
		channel.dispatchEvent(new Event("close"));
		vi.advanceTimersByTime(10_000);
		expect(channel.sent).toHaveLength(0);
		expect(heard.lost).not.toHaveBeenCalled();
	});
});

describe("state", () => {
	it("comes unasked", () => {
		const { channel, heard } = connected();
		const state: CallState = {
			type: "call_state",
			door: { lock: "locked", light: "off", ringing: false, faults: [] },
			others: [],
			layer: "high",
			pace: "full",
			why: "start",
		};
		channel.say(state);
		expect(heard.state).toHaveBeenCalledWith(state);
	});
});

describe("unlocking", () => {
	it("signs the doorbell's statement and sends it back", async () => {
		const { channel, control } = connected();
		const asked = askToUnlock(control);
		channel.say({ type: "challenge", id: 1, challenge: "Y2hhbGxlbmdl", valid_s: 10, pulse_s: 4 });
		const challenge = await asked;
		const signed: string[] = [];
		const sign = async (statement: Uint8Array) => {
			signed.push(new TextDecoder().decode(statement));
			return Uint8Array.of(1, 2, 3);
		};
		const done = confirmUnlock(control, sign, { deviceId: "door", call: "call" }, challenge);
		await vi.advanceTimersByTimeAsync(0);
		expect(signed).toEqual(["doorstep-unlock-1\ndoor\ncall\nY2hhbGxlbmdl"]);
		expect(channel.last).toEqual({
			type: "unlock_confirm",
			id: 2,
			challenge: "Y2hhbGxlbmdl",
			signature: "AQID",
		});
		expect(decode("AQID")).toEqual(Uint8Array.of(1, 2, 3));
		channel.say({ type: "done", id: 2 });
		await expect(done).resolves.toBeUndefined();
	});

	it("has a statement of plain bytes", () => {
		expect(new TextDecoder().decode(unlockStatement("a", "b", "c"))).toBe(
			"doorstep-unlock-1\na\nb\nc",
		);
	});

	it("does not go on without a challenge", async () => {
		const { channel, control } = connected();
		const asked = askToUnlock(control);
		channel.say({ type: "done", id: 1 });
		await expect(asked).rejects.toBeInstanceOf(DeniedError);
	});
});
