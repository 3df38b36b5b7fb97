import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Client, LiveAnswer } from "../src/api/client";
import { RefusedError } from "../src/api/problem";
import { ANSWER_TYP, checkAnswer } from "../src/call/answer";
import { fingerprintOf, isDtlsClient } from "../src/call/fingerprint";
import { ImpostorError } from "../src/call/impostor";
import { OFFER_TYP, type SignedOffer, signOffer } from "../src/call/offer";
import { placeSigned } from "../src/call/signed";
import { Identity } from "../src/identity/identity";
import { hashOf, seal, unseal } from "../src/identity/jws";
import type { AnswerStatement } from "../src/protocol.gen";
import { golden, goldenIdentity } from "./support/golden";

const phone = await goldenIdentity("phone");
const doorbell = await goldenIdentity("doorbell");
const KEY = golden.doorbell.public_key;
const OFFER = golden.offer as unknown as SignedOffer;
const SDP = golden.answer.sdp;
const NONCE = "ZG9vcmJlbGwncyBub25jZQ";

const sign = (error: unknown) => error instanceof ImpostorError && error.sign;

/** What the doorbell would sign about `sdp`, changed by `more`. */
async function answerTo(offer: SignedOffer, sdp = SDP, more: object = {}): Promise<string> {
	const { role: _, sdp_hash: __, fingerprint: ___, answers: ____, ...same } = offer.statement;
	const statement: AnswerStatement = {
		...same,
		role: "answer",
		fingerprint: fingerprintOf(sdp) ?? golden.answer.statement.fingerprint,
		sdp_hash: await hashOf(sdp),
		offer_hash: await hashOf(offer.jws),
	};
	return seal(doorbell, ANSWER_TYP, { ...statement, ...more });
}

describe("the golden call", () => {
	it("is accepted, and named", async () => {
		expect(await checkAnswer(OFFER, SDP, golden.answer.jws, KEY)).toEqual({
			fingerprint: golden.answer.statement.fingerprint,
			channel: golden.channel,
		});
	});

	it("has one fingerprint in each SDP", () => {
		expect(fingerprintOf(golden.offer.sdp)).toBe(golden.offer.statement.fingerprint);
		expect(fingerprintOf(SDP)).toBe(golden.answer.statement.fingerprint);
		expect(isDtlsClient(SDP)).toBe(true);
		expect(isDtlsClient(golden.offer.sdp)).toBe(false);
	});

	it("is what this phone would sign", async () => {
		const { statement, jws } = await signOffer(
			phone,
			doorbell.id,
			NONCE,
			golden.offer.sdp,
			undefined,
		);
		expect(statement).toEqual({
			...golden.offer.statement,
			answers: null,
			session: statement.session,
			phone_nonce: statement.phone_nonce,
		});
		expect(statement.session).toMatch(/^[\w-]{22}$/);
		expect(statement.session).not.toBe(statement.phone_nonce);
		expect(await unseal(jws, OFFER_TYP, golden.phone.public_key)).toEqual(statement);
	});
});

describe("an answer", () => {
	it("is refused when any of its lines is gone, doubled or changed", async () => {
		const lines = SDP.split("\r\n");
		for (const [at, line] of lines.entries()) {
			if (line === "") continue;
			const changes = [[], [line, line], [`${line} `]];
			for (const change of changes) {
				const sdp = [...lines.slice(0, at), ...change, ...lines.slice(at + 1)].join("\r\n");
				await expect(checkAnswer(OFFER, sdp, golden.answer.jws, KEY)).rejects.toThrow(
					ImpostorError,
				);
			}
		}
	});

	it("is refused with another certificate", async () => {
		const other = SDP.replaceAll(
			golden.answer.statement.fingerprint,
			golden.offer.statement.fingerprint,
		);
		const error = await checkAnswer(OFFER, other, golden.answer.jws, KEY).catch(sign);
		expect(error).toBe("fingerprint");
	});

	it("is refused without a signature", async () => {
		for (const jws of [null, ""]) {
			expect(await checkAnswer(OFFER, SDP, jws, KEY).catch(sign)).toBe("unsigned");
		}
	});

	it("is refused when somebody else signed it", async () => {
		const mallory = await Identity.generate("Mallory");
		const forged = await seal(mallory, ANSWER_TYP, golden.answer.statement);
		expect(await checkAnswer(OFFER, SDP, forged, KEY).catch(sign)).toBe("signature");
		const posing = new Identity({ ...mallory.record, id: golden.doorbell.id });
		const named = await seal(posing, ANSWER_TYP, golden.answer.statement);
		expect(await checkAnswer(OFFER, SDP, named, KEY).catch(sign)).toBe("signature");
	});

	it("is refused as the answer to another offer of the same phone", async () => {
		const other = await signOffer(phone, doorbell.id, NONCE, golden.offer.sdp, undefined);
		expect(await checkAnswer(other, SDP, golden.answer.jws, KEY).catch(sign)).toBe("statement");
	});

	it("is refused as a statement of another kind", async () => {
		const head = await seal(doorbell, "doorstep-receipt+jws", golden.answer.statement);
		expect(await checkAnswer(OFFER, SDP, head, KEY).catch(sign)).toBe("signature");
	});

	it.each<[keyof AnswerStatement, string]>([
		["role", "offer"],
		["doorbell", golden.phone.id],
		["phone", golden.doorbell.id],
		["session", NONCE],
		["doorbell_nonce", golden.offer.statement.session],
		["phone_nonce", NONCE],
		["offer_hash", golden.answer.statement.sdp_hash],
	])("is refused when the doorbell signed another %s", async (key, value) => {
		const jws = await answerTo(OFFER, SDP, { [key]: value });
		expect(await checkAnswer(OFFER, SDP, jws, KEY).catch(sign)).toBe("statement");
	});

	it("is refused when the doorbell signed more or less", async () => {
		const more = await answerTo(OFFER, SDP, { more: "words" });
		expect(await checkAnswer(OFFER, SDP, more, KEY).catch(sign)).toBe("statement");
		const less = await answerTo(OFFER, SDP, { session: undefined });
		expect(await checkAnswer(OFFER, SDP, less, KEY).catch(sign)).toBe("statement");
	});

	it.each([
		[
			"a second fingerprint",
			`${SDP}a=fingerprint:sha-256 ${"00:".repeat(31)}00\r\n`,
			"fingerprint",
		],
		["a fingerprint of another kind", `${SDP}a=fingerprint:sha-1 00:11\r\n`, "fingerprint"],
		["a fingerprint in other letters", `${SDP}A=Fingerprint:sha-256 00\r\n`, "fingerprint"],
		["no fingerprint", SDP.replace(/a=fingerprint.*\r\n/g, ""), "fingerprint"],
		["the other DTLS role", SDP.replaceAll("a=setup:active", "a=setup:passive"), "setup"],
		["two DTLS roles", SDP.replace("a=setup:active", "a=setup:actpass"), "setup"],
		["no DTLS role", SDP.replace(/a=setup.*\r\n/g, ""), "setup"],
	])("is refused with %s, whoever signed it", async (_, sdp, why) => {
		const jws = await answerTo(OFFER, sdp);
		expect(await checkAnswer(OFFER, sdp, jws, KEY).catch(sign)).toBe(why);
	});
});

describe("placing a call", () => {
	const answer = (signature: string | null, sdp = SDP): LiveAnswer => ({
		call: "call",
		path: "/api/v1/live/call",
		sdp,
		signature,
		etag: null,
	});
	const live = vi.fn();
	const client = {
		challenge: vi.fn(async () => ({ nonce: NONCE, valid_s: 30 })),
		challenges: { ready: vi.fn((): string | undefined => undefined) },
		hangUp: vi.fn(async () => undefined),
		live,
	};
	const placing = {
		client: client as unknown as Client,
		identity: phone,
		doorbell: doorbell.id,
		answers: "visit",
		offer: golden.offer.sdp,
		signal: new AbortController().signal,
	};
	/** The doorbell, at the other end of the server. */
	const answering = async (_id: string, _visit: string, sdp: string, jws: string) => {
		const statement = await unseal(jws, OFFER_TYP, golden.phone.public_key);
		return answer(await answerTo({ sdp, jws, statement } as unknown as SignedOffer));
	};
	const stale = new RefusedError(403, "about:blank", "The nonce is too old.");

	beforeEach(() => {
		vi.clearAllMocks();
		live.mockReset().mockImplementation(answering);
	});

	it("asks for a nonce, signs, and checks what comes back", async () => {
		const placed = await placeSigned(placing);
		expect(placed.fingerprint).toBe(golden.answer.statement.fingerprint);
		expect(placed.channel).toMatch(/^[\w-]{43}$/);
		expect(client.challenge).toHaveBeenCalledOnce();
		expect(live.mock.calls[0]?.slice(0, 3)).toEqual([doorbell.id, "visit", golden.offer.sdp]);
	});

	it("posts at once what was signed before", async () => {
		const ready = await signOffer(phone, doorbell.id, NONCE, golden.offer.sdp, "visit");
		await placeSigned({ ...placing, ready });
		expect(client.challenge).not.toHaveBeenCalled();
		expect(live.mock.calls[0]?.[3]).toBe(ready.jws);
	});

	it("does not post what was signed for another offer", async () => {
		const ready = await signOffer(phone, doorbell.id, NONCE, SDP, "visit");
		await placeSigned({ ...placing, ready });
		expect(live.mock.calls[0]?.[3]).not.toBe(ready.jws);
	});

	it("does not post what was signed for another visit", async () => {
		for (const visit of ["another", undefined]) {
			const ready = await signOffer(phone, doorbell.id, NONCE, golden.offer.sdp, visit);
			await placeSigned({ ...placing, ready });
			expect(live.mock.lastCall?.[3]).not.toBe(ready.jws);
		}
	});

	it("signs which visit it answers", async () => {
		await placeSigned(placing);
		const jws = String(live.mock.lastCall?.[3]);
		expect(await unseal(jws, OFFER_TYP, golden.phone.public_key)).toMatchObject({
			answers: "visit",
		});
	});

	it("uses the nonce at hand", async () => {
		client.challenges.ready.mockReturnValueOnce(NONCE);
		await placeSigned(placing);
		expect(client.challenge).not.toHaveBeenCalled();
	});

	it("waits for the nonce that is on its way, or asks again", async () => {
		await placeSigned({ ...placing, nonce: Promise.resolve(NONCE) });
		expect(client.challenge).not.toHaveBeenCalled();
		await placeSigned({ ...placing, nonce: Promise.reject(new Error("away")) });
		expect(client.challenge).toHaveBeenCalledOnce();
	});

	it("tries once more with a fresh nonce when one waited, and only once", async () => {
		client.challenges.ready.mockReturnValue(NONCE);
		live.mockRejectedValueOnce(stale);
		await placeSigned(placing);
		expect(live).toHaveBeenCalledTimes(2);
		expect(live.mock.calls[0]?.[3]).not.toBe(live.mock.calls[1]?.[3]);
		live.mockReset().mockRejectedValue(stale);
		await expect(placeSigned(placing)).rejects.toBe(stale);
		expect(live).toHaveBeenCalledTimes(2);
		client.challenges.ready.mockReset();
	});

	it.each([
		["a nonce fetched for it was refused", stale],
		["it was too often", new RefusedError(429, "about:blank", "")],
	])("does not try again when %s", async (_, error) => {
		live.mockRejectedValue(error);
		await expect(placeSigned(placing)).rejects.toBe(error);
		expect(live).toHaveBeenCalledOnce();
	});

	it("ends the call of an impostor", async () => {
		live.mockResolvedValue(answer(null));
		await expect(placeSigned(placing)).rejects.toThrow(ImpostorError);
		expect(client.hangUp).toHaveBeenCalledWith("/api/v1/live/call");
		expect(live).toHaveBeenCalledOnce();
	});

	it("does not call a door that it never met", async () => {
		const error = await placeSigned({ ...placing, doorbell: golden.phone.id }).catch(sign);
		expect(error).toBe("unknown");
		expect(live).not.toHaveBeenCalled();
	});

	it("signs no text of the server's choice, and no offer with two certificates", async () => {
		client.challenge.mockResolvedValueOnce({ nonce: "sign this, please", valid_s: 30 });
		await expect(placeSigned(placing)).rejects.toThrow();
		const offer = `${golden.offer.sdp}a=fingerprint:sha-256 ${"00:".repeat(31)}00\r\n`;
		await expect(placeSigned({ ...placing, offer })).rejects.toThrow();
		expect(live).not.toHaveBeenCalled();
	});
});
