import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OfflineError, RefusedError } from "../../src/api/problem";
import { ImpostorError } from "../../src/call/impostor";
import type { Placed } from "../../src/call/signed";
import { HouseholdLine, type LineNeeds } from "../../src/household/line";
import { whyClosed, whyNot } from "../../src/household/tell";
import type { HouseholdView } from "../../src/protocol.gen";
import { en } from "../../src/words/en";
import { FakeDataPeer } from "../support/data-peer";

const VIEW: HouseholdView = {
	type: "household",
	id: 0,
	members: [],
	tokens: [],
	invitation: null,
	rules: { unlock_passkey: false, unlock_mqtt: false },
	clock: true,
};
const PLACED = { answer: { sdp: "answer" }, fingerprint: "AA", channel: "c" } as Placed;

function house(change: Partial<LineNeeds> = {}) {
	const peers: FakeDataPeer[] = [];
	const needs: LineNeeds = {
		place: vi.fn(async () => PLACED),
		trickle: vi.fn(async () => undefined),
		hangUp: vi.fn(async () => undefined),
		check: vi.fn(async () => true),
		readHead: async () => ({ doorbell: "d", number: 7, hash: "h", at_ms: 0 }),
		makePeer: () => {
			const peer = new FakeDataPeer();
			peers.push(peer);
			return peer.asPeer;
		},
		...change,
	};
	const line = new HouseholdLine(needs);
	line.start();
	return { line, needs, peers, last: () => peers.at(-1) as FakeDataPeer };
}

/** The doorbell answers the first question of a new connection. */
async function answered(peer: FakeDataPeer): Promise<void> {
	await vi.advanceTimersByTimeAsync(0);
	peer.open();
	await vi.advanceTimersByTimeAsync(0);
	peer.household.say({ ...VIEW, id: 1 });
	await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("the line", () => {
	it("asks for the household first, once who answers is proved", async () => {
		const { line, needs, last } = house();
		await vi.advanceTimersByTimeAsync(0);
		expect(needs.place).toHaveBeenCalledWith("offer", expect.anything());
		expect(last().answered).toBe("answer");
		last().open();
		expect(last().household.sent).toEqual([]);
		await vi.advanceTimersByTimeAsync(0);
		expect(needs.check).toHaveBeenCalledWith(last().connection, "AA");
		expect(last().household.sent).toEqual([{ type: "show", id: 1 }]);
		expect(line.state.value.phase).toBe("connecting");
		last().household.say({ ...VIEW, id: 1 });
		await vi.advanceTimersByTimeAsync(0);
		expect(line.state.value.phase).toBe("open");
		line.close();
	});

	it("asks nothing of whoever shows another certificate", async () => {
		const check = async () => {
			throw new ImpostorError("certificate");
		};
		const { line, last } = house({ check });
		await vi.advanceTimersByTimeAsync(0);
		last().open();
		await vi.advanceTimersByTimeAsync(0);
		expect(last().household.sent).toEqual([]);
		expect(line.state.value.phase).toBe("closed");
		expect(whyClosed(line.state.value.error, en)).toBe(en.household.line.stranger);
	});

	it("takes in what is pushed, and answers by their number", async () => {
		const { line, last } = house();
		await answered(last());
		const first = line.ask({ type: "withdraw_invitation" });
		const second = line.ask({ type: "remove_phone", phone: "p" });
		last().household.say({ ...VIEW, clock: false });
		expect(line.view.value?.clock).toBe(false);
		last().household.say({ type: "household_refused", id: 3, reason: "last_admin", detail: "No." });
		last().household.say({ ...VIEW, id: 2 });
		await expect(first).resolves.toMatchObject({ type: "household", id: 2 });
		await expect(second).rejects.toMatchObject({ reason: "last_admin" });
		expect(whyNot(await second.catch((error: unknown) => error), en)).toBe(
			en.household.refused.last_admin,
		);
		line.close();
	});

	it("does not wait for an answer for ever, and looks for another way then", async () => {
		const { line, peers, last } = house();
		await answered(last());
		const asked = expect(line.ask({ type: "show" })).rejects.toMatchObject({ reason: "silent" });
		await vi.advanceTimersByTimeAsync(8000);
		await asked;
		expect(line.state.value.phase).toBe("connecting");
		expect(peers).toHaveLength(2);
		line.close();
	});

	it("comes back by itself once, and then leaves it to a person", async () => {
		const { line, peers, last } = house();
		await answered(last());
		last().connect("failed");
		expect(line.state.value.phase).toBe("connecting");
		await vi.advanceTimersByTimeAsync(0);
		expect(peers).toHaveLength(2);
		last().connect("failed");
		expect(line.state.value.phase).toBe("closed");
		expect(whyClosed(line.state.value.error, en)).toBe(en.household.line.closed);
		line.retry();
		await answered(last());
		expect(peers).toHaveLength(3);
		expect(line.state.value.phase).toBe("open");
		line.close();
	});

	it("asks when there is doubt, and closes what it leaves", async () => {
		const { line, needs, peers, last } = house();
		await answered(last());
		last().connect("disconnected");
		last().household.say({ ...VIEW, id: last().household.last.id });
		await vi.advanceTimersByTimeAsync(10_000);
		expect(line.state.value.phase).toBe("open");
		line.probe();
		await vi.advanceTimersByTimeAsync(5000);
		expect(line.state.value.phase).toBe("connecting");
		expect(needs.hangUp).toHaveBeenCalledOnce();
		await vi.advanceTimersByTimeAsync(2000);
		expect(peers[0]?.closed).toBe(true);
		line.close();
	});

	it("says plainly why there is no way", async () => {
		const reasons: [unknown, string][] = [
			[new OfflineError("no"), en.household.line.offline],
			[new RefusedError(503, "", "x"), en.household.line.away],
			[new RefusedError(403, "", "This phone was removed."), "This phone was removed."],
			[new ImpostorError("sdp"), en.household.line.stranger],
		];
		for (const [error, sentence] of reasons) {
			const place = async () => {
				throw error;
			};
			const { line, peers } = house({ place });
			await vi.advanceTimersByTimeAsync(0);
			expect(line.state.value).toEqual({ phase: "closed", error });
			expect(whyClosed(error, en)).toBe(sentence);
			expect(peers).toHaveLength(1);
		}
	});

	it("gives up after a while when nobody answers", async () => {
		const { line } = house({ place: () => new Promise(() => undefined) });
		await vi.advanceTimersByTimeAsync(15_000);
		expect(line.state.value.phase).toBe("connecting");
		await vi.advanceTimersByTimeAsync(15_000);
		expect(line.state.value.phase).toBe("closed");
	});

	it("closes with the page, also while it is being made", async () => {
		let place: (placed: Placed) => void = () => undefined;
		const { line, needs } = house({
			place: () =>
				new Promise((resolve) => {
					place = resolve;
				}),
		});
		await vi.advanceTimersByTimeAsync(0);
		line.close();
		place(PLACED);
		await vi.advanceTimersByTimeAsync(2000);
		expect(needs.hangUp).toHaveBeenCalledWith(PLACED);
		line.retry();
		expect(line.state.value.phase).toBe("closed");
	});
});
