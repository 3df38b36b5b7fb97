import { beforeEach, describe, expect, it, vi } from "vitest";
import { DeniedError } from "../src/call/control";
import { readReceipts } from "../src/call/receipts";
import {
	askToUnlock,
	COMMAND_TYP,
	checkReceipt,
	confirmUnlock,
	RECEIPT_TYP,
	ReceiptError,
} from "../src/call/unlock";
import { decode, encode } from "../src/identity/base64url";
import { hashOf, seal, unseal } from "../src/identity/jws";
import type { Challenge, UnlockConfirm } from "../src/protocol.gen";
import { whyNot } from "../src/screens/unlock";
import { LANGUAGES } from "../src/words";
import { type Records, stubDatabase } from "./support/database";
import { golden, goldenIdentity } from "./support/golden";

const identity = await goldenIdentity("phone");
const doorbell = await goldenIdentity("doorbell");
const { command, receipt, channel } = golden;
const CHALLENGE: Challenge = {
	type: "challenge",
	id: 1,
	challenge: command.statement.challenge,
	valid_s: 10,
	pulse_s: 3,
	passkey: null,
};

let records: Records;
const request = vi.fn();
const where = { control: { request }, identity, doorbell: doorbell.id, channel };

/** The doorbell's receipt for a command, changed by `more`. */
async function receiptFor(jws: string, more: object = {}): Promise<string> {
	const statement = { ...receipt.statement, command_hash: await hashOf(jws), ...more };
	return seal(doorbell, RECEIPT_TYP, statement);
}

async function opens({ command: jws }: Pick<UnlockConfirm, "command">) {
	return { type: "unlocked", id: 2, receipt: await receiptFor(jws) };
}

beforeEach(() => {
	records = stubDatabase(records);
	records.clear();
	request.mockReset().mockImplementation(opens);
});

describe("unlocking", () => {
	it("asks for a challenge, and goes on with nothing else", async () => {
		request.mockResolvedValueOnce(CHALLENGE);
		expect(await askToUnlock(where)).toEqual(CHALLENGE);
		request.mockResolvedValueOnce({ type: "done", id: 1 });
		await expect(askToUnlock(where)).rejects.toBeInstanceOf(DeniedError);
	});

	it("tells that this phone needs a passkey first", async () => {
		request.mockRejectedValueOnce(new DeniedError("passkey", "Make one."));
		await expect(askToUnlock(where)).rejects.toMatchObject({ trouble: "missing" });
		const other = new DeniedError("right", "No.");
		request.mockRejectedValueOnce(other);
		await expect(askToUnlock(where)).rejects.toBe(other);
	});

	it("signs a command for this door, this connection and this challenge", async () => {
		const given = await confirmUnlock(where, CHALLENGE);
		expect(given.row).toBe(receipt.statement.row);
		const [sent] = request.mock.calls[0] as [UnlockConfirm];
		expect(sent).toMatchObject({ type: "unlock_confirm", passkey: null });
		expect(await unseal(sent.command, COMMAND_TYP, golden.phone.public_key)).toEqual(
			command.statement,
		);
	});

	it("keeps what both signed, the last twenty", async () => {
		for (let count = 0; count < 22; count += 1) await confirmUnlock(where, CHALLENGE);
		const kept = await readReceipts();
		expect(kept).toHaveLength(20);
		const [newest] = kept;
		expect(newest?.doorbell).toBe(doorbell.id);
		const again = checkReceipt(where, newest?.command ?? "", newest?.receipt ?? "");
		expect((await again).at_ms).toBe(newest?.at_ms);
		expect(newest?.command).not.toBe(kept.at(-1)?.command);
	});

	it("says what the doorbell refuses", async () => {
		const denied = new DeniedError("right", "Not at this hour.");
		request.mockRejectedValue(denied);
		await expect(confirmUnlock(where, CHALLENGE)).rejects.toBe(denied);
		expect(await readReceipts()).toEqual([]);
	});

	it("does not take a plain yes for a receipt", async () => {
		request.mockResolvedValue({ type: "done", id: 2 });
		await expect(confirmUnlock(where, CHALLENGE)).rejects.toBeInstanceOf(ReceiptError);
	});
});

describe("a receipt", () => {
	it("is the golden one", async () => {
		expect(await checkReceipt(where, command.jws, receipt.jws)).toEqual(receipt.statement);
	});

	it.each([
		["another command", { command_hash: receipt.statement.command_hash.replace("8", "9") }],
		["another door", { doorbell: identity.id }],
		["another phone", { phone: doorbell.id }],
		["no row", { row: 0 }],
		["half a row", { row: 1.5 }],
		["no time", { at_ms: "now" }],
		["no duration", { pulse_s: null }],
		["more than it should say", { more: true }],
	])("for %s is refused", async (_, more) => {
		const forged = await receiptFor(command.jws, more);
		await expect(checkReceipt(where, command.jws, forged)).rejects.toBeInstanceOf(ReceiptError);
	});

	it("is refused when this phone signed it itself, or nobody did", async () => {
		const own = await seal(identity, RECEIPT_TYP, receipt.statement);
		const unsigned = `${receipt.jws.split(".").slice(0, 2).join(".")}.`;
		for (const forged of [own, unsigned, golden.answer.jws, ""]) {
			await expect(checkReceipt(where, command.jws, forged)).rejects.toBeInstanceOf(ReceiptError);
		}
	});
});

describe("a passkey", () => {
	const ask = { rp_id: "doorstep.example", credentials: ["AQID"] };
	const withPasskey = { ...CHALLENGE, passkey: ask };
	const get = vi.fn();
	const bytes = (...values: number[]) => Uint8Array.from(values).buffer;

	beforeEach(() => {
		vi.stubGlobal("isSecureContext", true);
		vi.stubGlobal("PublicKeyCredential", class {});
		Object.defineProperty(navigator, "credentials", { configurable: true, value: { get } });
		get.mockReset().mockResolvedValue({
			rawId: bytes(1, 2, 3),
			response: {
				authenticatorData: bytes(4),
				clientDataJSON: bytes(5),
				signature: bytes(6),
			},
		});
	});

	it("confirms this very command, with the person verified", async () => {
		await confirmUnlock(where, withPasskey);
		const [{ publicKey }] = get.mock.calls[0] as [CredentialRequestOptions];
		const [sent] = request.mock.calls[0] as [UnlockConfirm];
		expect(publicKey).toMatchObject({
			rpId: "doorstep.example",
			userVerification: "required",
			allowCredentials: [{ type: "public-key", id: decode("AQID") }],
		});
		expect(encode(publicKey?.challenge as Uint8Array)).toBe(await hashOf(sent.command));
		expect(sent.passkey).toEqual({
			credential: "AQID",
			authenticator_data: "BA",
			client_data: "BQ",
			signature: "Bg",
		});
	});

	it.each([
		["NotAllowedError", "cancelled"],
		["SecurityError", "elsewhere"],
		["NotSupportedError", "unsupported"],
	])("that fails with %s opens nothing: %s", async (name, trouble) => {
		get.mockRejectedValue(new DOMException("no", name));
		await expect(confirmUnlock(where, withPasskey)).rejects.toMatchObject({ trouble });
		expect(request).not.toHaveBeenCalled();
	});

	it("that this phone does not have is not asked for", async () => {
		const none = { ...CHALLENGE, passkey: { ...ask, credentials: [] } };
		await expect(confirmUnlock(where, none)).rejects.toMatchObject({ trouble: "missing" });
		expect(get).not.toHaveBeenCalled();
		vi.stubGlobal("isSecureContext", false);
		await expect(confirmUnlock(where, withPasskey)).rejects.toMatchObject({
			trouble: "unsupported",
		});
		expect(request).not.toHaveBeenCalled();
	});

	it("has a sentence for every way to fail, in every language", async () => {
		for (const words of Object.values(LANGUAGES)) {
			get.mockRejectedValueOnce(new DOMException("no", "NotAllowedError"));
			const error = await confirmUnlock(where, withPasskey).catch((why: unknown) => why);
			expect(whyNot(error, words)).toBe(words.trust.unlock.passkey.cancelled);
			expect(whyNot(new DeniedError("challenge", "Stale."), words)).toBe(words.trust.unlock.late);
			expect(whyNot(new DeniedError("right", "Not now."), words)).toBe("Not now.");
			expect(whyNot(new DeniedError("rate", ""), words)).toBe(words.trust.unlock.rate);
			expect(whyNot(new DeniedError("fault", "It sticks."), words)).toContain("It sticks.");
			expect(whyNot(new ReceiptError(), words)).toBe(words.trust.unlock.noReceipt);
			expect(whyNot(new DeniedError("silent", ""), words)).toContain(words.call.silent);
		}
	});
});
