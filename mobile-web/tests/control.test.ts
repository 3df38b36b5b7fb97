import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Control, DeniedError } from "../src/call/control";
import type { CallState, ControlRequest } from "../src/protocol.gen";
import { FakeChannel } from "./support/channel";

function connected() {
	const channel = new FakeChannel<ControlRequest>();
	const heard = {
		opened: vi.fn(),
		state: vi.fn(),
		auditHead: vi.fn(),
		lost: vi.fn(),
		flows: () => false,
	};
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
			auditHead: vi.fn(),
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

	it("tells where the log stands", () => {
		const { channel, heard } = connected();
		channel.say({ type: "audit_head", head: "signed" });
		expect(heard.auditHead).toHaveBeenCalledWith("signed");
	});
});
