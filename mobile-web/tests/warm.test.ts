import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../src/api/client";
import type { SignedOffer } from "../src/call/offer";
import { WarmCall } from "../src/call/warm";
import { golden, goldenIdentity } from "./support/golden";
import { FakePeer } from "./support/peer";

const identity = await goldenIdentity("phone");
const DOOR = golden.doorbell.id;
const NONCES = ["ZG9vcmJlbGwncyBub25jZQ", "c2Vzc2lvbiBudW1iZXIgMQ", "dGhlIHBob25lJ3Mgbm9uYw"];

let peers: FakePeer[];
const client = { challenge: vi.fn(), expectLive: vi.fn(async () => undefined) };

function warming(): WarmCall {
	const peer = () => {
		const made = new FakePeer();
		made.offer.mockResolvedValue(golden.offer.sdp);
		peers.push(made);
		return made.asPeer;
	};
	return new WarmCall({ client: client as unknown as Client, identity, peer });
}

/** The signature is made outside of the clock that the test turns. */
const signed = (times: number) =>
	vi.waitFor(() => expect(client.expectLive).toHaveBeenCalledTimes(times), { interval: 1 });

beforeEach(() => {
	peers = [];
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
	client.expectLive.mockClear();
	let count = 0;
	client.challenge.mockReset().mockImplementation(async () => {
		count += 1;
		return { nonce: NONCES[count - 1], valid_s: 30 };
	});
});
afterEach(() => {
	vi.useRealTimers();
});

const nonceOf = (offer: SignedOffer | undefined) => offer?.statement.doorbell_nonce;

describe("a call that is expected", () => {
	it("has its offer signed before the tap", async () => {
		const warm = warming();
		warm.prepare(DOOR, "visit");
		warm.prepare(DOOR, "visit");
		await signed(1);
		const { peer, signed: offer, nonce } = warm.take(DOOR);
		expect(nonce).toBeUndefined();
		expect(peer).toBe(peers[0]);
		expect(offer?.sdp).toBe(golden.offer.sdp);
		expect(nonceOf(offer)).toBe(NONCES[0]);
		expect(client.expectLive).toHaveBeenCalledWith(DOOR, "visit", golden.offer.sdp);
		expect(peers).toHaveLength(1);
		expect(peers[0]?.close).not.toHaveBeenCalled();
	});

	it("that comes sooner than its signature takes the nonce that is on its way", async () => {
		let give: (given: { nonce: string }) => void = () => undefined;
		client.challenge.mockReturnValue(
			new Promise((resolve) => {
				give = resolve;
			}),
		);
		const warm = warming();
		warm.prepare(DOOR, undefined);
		const { signed: offer, nonce } = warm.take(DOOR);
		expect(offer).toBeUndefined();
		give({ nonce: "the nonce" });
		expect(await nonce).toBe("the nonce");
		expect(client.challenge).toHaveBeenCalledOnce();
		warm.prepare(DOOR, undefined);
		expect(warm.take(identity.id).nonce).toBeUndefined();
	});

	it("is signed anew before the doorbell forgets its nonce", async () => {
		const warm = warming();
		warm.prepare(DOOR, undefined);
		await signed(1);
		await vi.advanceTimersByTimeAsync(20_000);
		await signed(2);
		expect(nonceOf(warm.take(DOOR).signed)).toBe(NONCES[1]);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(client.challenge).toHaveBeenCalledTimes(2);
	});

	it("goes without a signature that is too old", async () => {
		const warm = warming();
		warm.prepare(DOOR, undefined);
		await signed(1);
		client.challenge.mockRejectedValue(new Error("The doorbell is away."));
		await vi.advanceTimersByTimeAsync(26_000);
		const { peer, signed: offer } = warm.take(DOOR);
		expect(peer).toBe(peers[0]);
		expect(offer).toBeUndefined();
	});

	it("at one door is not a call at another", async () => {
		const warm = warming();
		warm.prepare(DOOR, undefined);
		await signed(1);
		expect(warm.take(identity.id).signed).toBeUndefined();
		warm.prepare(DOOR, undefined);
		warm.prepare(identity.id, undefined);
		expect(peers[1]?.close).toHaveBeenCalled();
		expect(peers).toHaveLength(3);
		await signed(2);
		warm.drop();
		expect(peers[2]?.close).toHaveBeenCalledOnce();
	});

	it("is given up after a minute", async () => {
		const warm = warming();
		warm.prepare(DOOR, undefined);
		await signed(1);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(peers[0]?.close).toHaveBeenCalledOnce();
		expect(warm.take(DOOR).peer).toBe(peers[1]);
	});
});
