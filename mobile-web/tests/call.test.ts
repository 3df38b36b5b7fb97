import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../src/api/client";
import { OfflineError, RefusedError } from "../src/api/problem";
import { Call } from "../src/call/call";
import { fingerprintOfCertificate } from "../src/call/fingerprint";
import { ImpostorError } from "../src/call/impostor";
import type { Identity } from "../src/identity/identity";
import { FakePeer } from "./support/peer";

const ANSWER = {
	call: "call",
	path: "/api/v1/live/call",
	sdp: "answer",
	signature: "",
	etag: null,
};
const PLACED = { answer: ANSWER, fingerprint: "AA", channel: "channel" };
const FRAME = { receivedMs: undefined, shownMs: 0 };
const track = { enabled: true, stop: vi.fn() } as unknown as MediaStreamTrack;

let calls: Call[];

function calling() {
	const peers: FakePeer[] = [];
	const happened: string[] = [];
	const next = () => {
		const peer = new FakePeer();
		const number = peers.push(peer);
		happened.push(`peer ${number}`);
		peer.close.mockImplementation(() => happened.push(`close ${number}`));
		peer.silence.mockImplementation(() => happened.push(`silence ${number}`));
		return { peer: peer.asPeer };
	};
	const place = vi.fn(async (_asked: { answers: string | undefined }) => PLACED);
	const client = {
		hangUp: vi.fn(async () => undefined),
		trickle: vi.fn(async () => undefined),
		http: { prepared: vi.fn(async () => () => undefined) },
	};
	const needs = {
		client: client as unknown as Client,
		identity: {} as Identity,
		doorbell: "door",
		answers: "visit",
		place,
		first: next,
		next,
		changed: vi.fn(),
		stream: vi.fn(),
		shown: vi.fn(),
		vitals: vi.fn(),
		traced: vi.fn(),
		auditHead: vi.fn(),
	};
	const call = new Call(needs);
	calls.push(call);
	return { call, peers, happened, client, place, needs };
}

const stateWith = (faults: object[]) => ({
	type: "call_state",
	door: { lock: "locked", light: "off", ringing: false, faults },
	others: [],
	layer: "high",
	pace: "full",
	why: "start",
});

const settle = () => vi.advanceTimersByTimeAsync(0);

async function live() {
	const all = calling();
	all.call.start();
	await settle();
	peerOf(all.peers, 0).open();
	await settle();
	all.call.pictureShown(FRAME);
	return all;
}

/** The newest peer's path dies, and the next one is made. */
async function lose({ call, peers }: Awaited<ReturnType<typeof live>>): Promise<FakePeer> {
	const number = peers.length;
	peerOf(peers, number - 1).connect("failed");
	expect(call.model.phase).toBe("reconnecting");
	await vi.advanceTimersByTimeAsync(300);
	return peerOf(peers, number);
}

function peerOf(peers: readonly FakePeer[], index: number): FakePeer {
	const peer = peers[index];
	if (!peer) throw new Error(`There is no attempt ${index + 1}.`);
	return peer;
}

const sentTo = (peer: FakePeer) => peer.control.sent.map(({ type }) => type);

beforeEach(() => {
	calls = [];
	vi.useFakeTimers();
	vi.stubGlobal("MediaStream", class {});
	Object.defineProperty(navigator, "mediaDevices", {
		configurable: true,
		value: { getUserMedia: async () => ({ getAudioTracks: () => [track] }) },
	});
});
afterEach(() => {
	for (const call of calls) call.hangUp();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe("a call", () => {
	it("goes from the tap to the picture", async () => {
		const { call, needs, client, place } = await live();
		expect(needs.changed.mock.calls.map(([{ phase }]) => phase)).toEqual([
			"calling",
			"connecting",
			"live",
		]);
		expect(place.mock.calls[0]?.[0]).toMatchObject({
			doorbell: "door",
			answers: "visit",
			offer: "offer",
		});
		call.hangUp();
		expect(call.model.end?.why).toBe("hung_up");
		expect(client.hangUp).toHaveBeenCalledWith(ANSWER.path);
	});

	it.each([
		[new RefusedError(503, "about:blank", ""), "away"],
		[new RefusedError(403, "about:blank", "No."), "refused"],
		[new RefusedError(401, "about:blank", "Who?"), "forgotten"],
		[new RefusedError(404, "about:blank", "Where?"), "forgotten"],
		[new RefusedError(429, "about:blank", "", 7), "rate"],
		[new ImpostorError("unknown"), "stranger"],
		[new ImpostorError("sdp"), "impostor"],
		[new OfflineError("no"), "offline"],
	])("that cannot begin says why: %s", async (error, why) => {
		const { call, place } = calling();
		place.mockRejectedValue(error);
		call.start();
		await settle();
		expect(call.model.end?.why).toBe(why);
	});

	it("does without a visit that was deleted", async () => {
		const unknown = new RefusedError(404, "about:blank", "The visit to answer is unknown.");
		const { call, place } = calling();
		place.mockRejectedValueOnce(unknown);
		call.start();
		await vi.advanceTimersByTimeAsync(100);
		expect(place.mock.calls.map(([{ answers }]) => answers)).toEqual(["visit", undefined]);
		expect(call.model.phase).toBe("connecting");
	});

	it("goes on without a picture while the camera is away, and waits for one again", async () => {
		const all = calling();
		all.call.start();
		await settle();
		const peer = peerOf(all.peers, 0);
		peer.open();
		await settle();
		const told = async (seconds: number, faults: object[]) => {
			for (let second = 0; second < seconds; second++) {
				peer.control.say(stateWith(faults));
				await vi.advanceTimersByTimeAsync(1_000);
			}
		};
		await told(30, [{ part: "camera", detail: "Check its cable." }]);
		expect(all.call.model.phase).toBe("live");
		expect(all.peers).toHaveLength(1);
		await told(13, []);
		expect(all.peers).toHaveLength(2);
	});

	it("tells its steps once both the channel and the picture are there", async () => {
		for (const pictureFirst of [true, false]) {
			const { call, peers, needs } = calling();
			call.start();
			await settle();
			const peer = peerOf(peers, 0);
			const steps = [() => peer.open(), () => call.pictureShown(FRAME)];
			for (const step of pictureFirst ? steps.reverse() : steps) {
				expect(sentTo(peer)).not.toContain("phases");
				step();
				await settle();
			}
			call.pictureShown(FRAME);
			const asked = peer.control.sent.filter(({ type }) => type === "phases");
			expect(asked).toHaveLength(1);
			expect(needs.traced).not.toHaveBeenCalled();
			const trace = { type: "trace", id: asked[0]?.id, call: "call", phone: [], doorbell: [] };
			peer.control.say(trace);
			await settle();
			expect(needs.traced).toHaveBeenCalledWith(trace);
		}
	});
});

describe("the other end's certificate", () => {
	const certificate = Uint8Array.of(1, 2, 3).buffer;
	const shows = (peer: FakePeer) => {
		peer.connection.sctp = { transport: { getRemoteCertificates: () => [certificate] } };
	};

	it("is the doorbell's before anything is shown, said or heard", async () => {
		vi.useRealTimers();
		const fingerprint = await fingerprintOfCertificate(certificate);
		const { call, peers, place, needs } = calling();
		place.mockResolvedValue({ ...PLACED, fingerprint });
		call.start();
		await call.talk(true);
		await vi.waitFor(() => expect(peerOf(peers, 0).answer).toHaveBeenCalled());
		const peer = peerOf(peers, 0);
		shows(peer);
		peer.open();
		expect(needs.stream).not.toHaveBeenCalled();
		expect(peer.speak).not.toHaveBeenCalled();
		expect(peer.control.sent).toEqual([]);
		await vi.waitFor(() => expect(needs.stream).toHaveBeenCalledWith(peer.stream));
		await vi.waitFor(() => expect(peer.speak).toHaveBeenCalledWith(track));
	});

	it("of somebody else ends the call, for good", async () => {
		vi.useRealTimers();
		const { call, peers, needs } = calling();
		call.start();
		await vi.waitFor(() => expect(peerOf(peers, 0).answer).toHaveBeenCalled());
		const peer = peerOf(peers, 0);
		shows(peer);
		peer.open();
		peer.control.say({ type: "audit_head", head: "forged" });
		await vi.waitFor(() => expect(call.model.end?.why).toBe("impostor"));
		expect(needs.stream).not.toHaveBeenCalled();
		expect(needs.auditHead).not.toHaveBeenCalled();
		expect(peer.control.sent).toEqual([]);
		expect(peers).toHaveLength(1);
	});
});

describe("hanging up", () => {
	it("lets the server hear it first, but does not wait for ever", async () => {
		const { call, peers, client } = await live();
		client.hangUp.mockImplementation(() => new Promise(() => undefined));
		call.hangUp();
		await settle();
		expect(peerOf(peers, 0).silence).toHaveBeenCalled();
		expect(peerOf(peers, 0).close).not.toHaveBeenCalled();
		await vi.advanceTimersByTimeAsync(2_000);
		expect(peerOf(peers, 0).close).toHaveBeenCalledOnce();
	});
});

describe("a lost way", () => {
	it("is replaced, and the old connection is silent before the new one begins", async () => {
		const all = await live();
		const next = await lose(all);
		expect(all.happened.slice(0, 3)).toEqual(["peer 1", "silence 1", "close 1"]);
		expect(all.happened[3]).toBe("peer 2");
		next.open();
		await settle();
		all.call.pictureShown(FRAME);
		expect(all.call.model.phase).toBe("live");
		expect(all.needs.stream).toHaveBeenCalledTimes(2);
	});

	it("is closed at once also when only its silence told so", async () => {
		const all = await live();
		all.client.hangUp.mockImplementation(() => new Promise(() => undefined));
		await vi.advanceTimersByTimeAsync(3_000);
		expect(all.happened).toEqual(["peer 1", "silence 1", "close 1", "peer 2"]);
	});

	it("takes its late events with it", async () => {
		const all = await live();
		const old = peerOf(all.peers, 0);
		const next = await lose(all);
		next.open();
		all.call.pictureShown(FRAME);
		old.control.close();
		old.connect("failed");
		old.ice("disconnected");
		await vi.advanceTimersByTimeAsync(1_000);
		expect(all.peers).toHaveLength(2);
		expect(all.call.model.phase).toBe("live");
	});

	it("keeps Mute, the microphone and the zoom", async () => {
		const all = await live();
		all.call.mute(true);
		all.call.look({ zoom: 3, x: 0.2, y: 0.4 });
		await all.call.talk(true);
		const next = await lose(all);
		next.open();
		await settle();
		expect(next.control.sent).toContainEqual(expect.objectContaining({ type: "mute", on: true }));
		expect(next.speak).toHaveBeenCalledWith(track);
		expect(next.latest.sent[0]).toMatchObject({ type: "view", zoom: 3, x: 0.2, y: 0.4 });
		expect(all.needs.shown).toHaveBeenLastCalledWith(null);
	});

	it("goes on with a file that was on its way", async () => {
		const all = await live();
		const fetching = all.call.files.fetch("rewind").catch(() => undefined);
		const next = await lose(all);
		next.open();
		await settle();
		expect(next.files.sent).toEqual([expect.objectContaining({ type: "fetch", offset: 0 })]);
		all.call.hangUp();
		await fetching;
	});

	it("is noticed by its silence, within three seconds", async () => {
		const all = await live();
		const peer = peerOf(all.peers, 0);
		await vi.advanceTimersByTimeAsync(3_000);
		expect(sentTo(peer).filter((type) => type === "ping").length).toBeGreaterThan(1);
		expect(all.call.model.phase).toBe("reconnecting");
	});

	it("is asked after at once when ICE has doubts", async () => {
		const all = await live();
		const peer = peerOf(all.peers, 0);
		const before = sentTo(peer).length;
		peer.ice("disconnected");
		expect(sentTo(peer).slice(before)).toEqual(["ping"]);
		await vi.advanceTimersByTimeAsync(1_600);
		expect(all.call.model.phase).toBe("reconnecting");
	});

	it("is looked for while an attempt gets stuck, and not for ever", async () => {
		const all = await live();
		all.place.mockImplementation(() => new Promise(() => undefined));
		await lose(all);
		await vi.advanceTimersByTimeAsync(20_000);
		expect(all.peers.length).toBeGreaterThan(3);
		await vi.advanceTimersByTimeAsync(100_000);
		expect(all.call.model.end?.why).toBe("lost");
	});

	it("is not looked for any more once somebody else answered", async () => {
		const all = await live();
		all.place.mockRejectedValue(new ImpostorError("signature"));
		await lose(all);
		await vi.advanceTimersByTimeAsync(10_000);
		expect(all.call.model.end?.why).toBe("impostor");
		expect(all.peers).toHaveLength(2);
	});

	it("is looked for again when the server has no answer yet", async () => {
		const all = await live();
		all.place.mockRejectedValue(new RefusedError(503, "about:blank", ""));
		await lose(all);
		await vi.advanceTimersByTimeAsync(4_000);
		expect(all.call.model.phase).toBe("reconnecting");
		all.place.mockResolvedValue(PLACED);
		await vi.advanceTimersByTimeAsync(5_000);
		peerOf(all.peers, all.peers.length - 1).open();
		all.call.pictureShown(FRAME);
		expect(all.call.model.phase).toBe("live");
	});
});

describe("a change of the network", () => {
	it("is answered with a question on a way that may be alive", async () => {
		const all = await live();
		const peer = peerOf(all.peers, 0);
		const before = sentTo(peer).length;
		dispatchEvent(new Event("online"));
		expect(sentTo(peer).slice(before)).toEqual(["ping"]);
		expect(all.peers).toHaveLength(1);
	});

	it("ends a pause, and an attempt of the old network", async () => {
		const all = await live();
		all.place.mockImplementation(() => new Promise(() => undefined));
		peerOf(all.peers, 0).connect("failed");
		dispatchEvent(new Event("online"));
		expect(all.peers).toHaveLength(2);
		await vi.advanceTimersByTimeAsync(1_000);
		dispatchEvent(new Event("online"));
		expect(all.peers).toHaveLength(3);
		expect(all.happened.indexOf("close 2")).toBeLessThan(all.happened.indexOf("peer 3"));
		// One that has only just begun knows the new network.
		dispatchEvent(new Event("online"));
		expect(all.peers).toHaveLength(3);
	});

	it("means nothing after the end", async () => {
		const all = await live();
		all.call.hangUp();
		dispatchEvent(new Event("online"));
		await vi.advanceTimersByTimeAsync(10_000);
		expect(all.peers).toHaveLength(1);
	});
});

describe("a doorbell that is back", () => {
	it("is called at once", async () => {
		const all = await live();
		peerOf(all.peers, 0).connect("failed");
		all.call.hurry();
		expect(all.peers).toHaveLength(2);
	});
});
