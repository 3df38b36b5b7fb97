import { beforeEach, describe, expect, it, vi } from "vitest";
import { type AuditMark, acknowledge, follow, readHead } from "../src/call/audit";
import { AuditBook } from "../src/call/audit-book";
import { HEAD_TYP, nextHash, ROOT, rowHash } from "../src/household/chain";
import { seal } from "../src/identity/jws";
import { type Records, stubDatabase } from "./support/database";
import { golden, goldenIdentity } from "./support/golden";

const { audit } = golden;
const doorbell = await goldenIdentity("doorbell");
const phone = await goldenIdentity("phone");
const KEY = golden.doorbell.public_key;

/** A log of so many rows: links, and the mark at each of them. */
async function logOf(rows: number, name = "row") {
	const links: string[] = [];
	const marks: AuditMark[] = [{ number: 0, hash: ROOT }];
	for (let number = 1; number <= rows; number += 1) {
		const link = await rowHash(`${name} ${number}`);
		links.push(link);
		marks.push({ number, hash: await nextHash(number, marks[number - 1]?.hash ?? "", link) });
	}
	return { links, marks };
}

const log = await logOf(450);
const markAt = (number: number) => log.marks[number] as AuditMark;
const head = (mark: AuditMark) => ({ ...mark, doorbell: doorbell.id, at_ms: 1_795_348_472_000 });
const since = vi.fn(async (row: number) => log.links.slice(row, row + 200));

beforeEach(() => {
	since.mockClear();
});

describe("the golden log", () => {
	it("leads from its root to its signed head", async () => {
		const read = await readHead(audit.head.jws, doorbell.id, KEY);
		expect(read).toEqual(audit.head.statement);
		const links = audit.rows.map(({ row_hash }) => row_hash);
		const root = { mark: { number: 0, hash: audit.root } };
		const { broken, mark } = await follow(root, read, async (row) => links.slice(row));
		expect(broken).toBeUndefined();
		expect(mark).toEqual({ number: 3, hash: audit.head.statement.hash });
	});
});

describe("a head", () => {
	it.each([
		["of another doorbell", { doorbell: phone.id }],
		["without a number", { number: -1 }],
		["without a hash", { hash: "short" }],
		["with more than it should say", { more: 1 }],
	])("%s is refused", async (_, more) => {
		const jws = await seal(doorbell, HEAD_TYP, { ...head(markAt(1)), ...more });
		await expect(readHead(jws, doorbell.id, KEY)).rejects.toThrow();
	});

	it("that somebody else signed is refused", async () => {
		const jws = await seal(phone, HEAD_TYP, head(markAt(1)));
		await expect(readHead(jws, doorbell.id, KEY)).rejects.toThrow();
	});
});

describe("a log", () => {
	it("is believed the first time, and remembered", async () => {
		expect(await follow({}, head(markAt(7)), since)).toEqual({ mark: markAt(7) });
		expect(since).not.toHaveBeenCalled();
	});

	it("that stands still needs no proof", async () => {
		expect(await follow({ mark: markAt(7) }, head(markAt(7)), since)).toEqual({ mark: markAt(7) });
		expect(since).not.toHaveBeenCalled();
	});

	it("that went on is followed, page by page", async () => {
		expect(await follow({ mark: markAt(7) }, head(markAt(440)), since)).toEqual({
			mark: markAt(440),
		});
		expect(since.mock.calls).toEqual([[7], [207], [407]]);
	});

	it("may have grown again meanwhile", async () => {
		const { broken } = await follow({ mark: markAt(7) }, head(markAt(9)), since);
		expect(broken).toBeUndefined();
	});

	it.each<[string, AuditMark]>([
		["was set back", markAt(5)],
		["says something else at the same place", { number: 7, hash: markAt(6).hash }],
		["goes on from somewhere else", { number: 9, hash: markAt(8).hash }],
		["is longer than its links", { number: 1000, hash: markAt(9).hash }],
	])("that %s is broken, and what was known stays", async (_, mark) => {
		const memory = await follow({ mark: markAt(7) }, head(mark), since);
		expect(memory).toEqual({ mark: markAt(7), broken: { mark, at_ms: head(mark).at_ms } });
	});

	it("with one other row is broken", async () => {
		const other = await logOf(9, "other row");
		const links = [...log.links.slice(0, 8), other.links[8] ?? ""];
		const changed = async (row: number) => links.slice(row);
		const { broken } = await follow({ mark: markAt(7) }, head(markAt(9)), changed);
		expect(broken).toBeDefined();
		const forged = async () => ["not a hash", "not a hash"];
		expect((await follow({ mark: markAt(7) }, head(markAt(9)), forged)).broken).toBeDefined();
	});

	it("of which there is no proof now is neither", async () => {
		const silent = async () => Promise.reject(new Error("silent"));
		await expect(follow({ mark: markAt(7) }, head(markAt(9)), silent)).rejects.toThrow("silent");
	});

	it("stays broken until somebody has read it, and then counts from where it is", async () => {
		const broken = await follow({ mark: markAt(7) }, head(markAt(5)), since);
		const later = await follow(broken, head(markAt(9)), since);
		expect(later.broken?.mark).toEqual(markAt(9));
		expect(acknowledge(later)).toEqual({ mark: markAt(9) });
	});
});

describe("the book of logs", () => {
	let records: Records;
	const signed = async (number: number) => seal(doorbell, HEAD_TYP, head(markAt(number)));

	beforeEach(() => {
		records = stubDatabase(records);
		records.clear();
	});

	it("remembers over restarts, warns, and lets itself be acknowledged", async () => {
		const book = new AuditBook(phone);
		await book.heard(doorbell.id, await signed(7), since);
		expect(book.isBroken(doorbell.id)).toBe(false);
		const after = new AuditBook(phone);
		await after.heard(doorbell.id, await signed(3), since);
		expect(after.isBroken(doorbell.id)).toBe(true);
		const restarted = new AuditBook(phone);
		await restarted.heard(doorbell.id, await signed(4), since);
		expect(restarted.isBroken(doorbell.id)).toBe(true);
		await restarted.acknowledge(doorbell.id);
		expect(restarted.isBroken(doorbell.id)).toBe(false);
		await restarted.heard(doorbell.id, await signed(5), since);
		expect(restarted.isBroken(doorbell.id)).toBe(false);
	});

	it("warns of a head that the doorbell did not sign", async () => {
		const book = new AuditBook(phone);
		await book.heard(doorbell.id, await seal(phone, HEAD_TYP, head(markAt(7))), since);
		expect(book.isBroken(doorbell.id)).toBe(true);
		await book.acknowledge(doorbell.id);
		expect(book.isBroken(doorbell.id)).toBe(false);
	});
});
