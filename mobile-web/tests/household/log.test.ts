import { describe, expect, it } from "vitest";
import { BrokenChainError, checkedRows, nextHash, ROOT, rowHash } from "../../src/household/chain";
import { exportedLog } from "../../src/household/export";
import { AuditLog } from "../../src/household/log";
import type { Answer, Asked } from "../../src/household/requests";
import type { AuditHeadStatement, AuditPage, AuditRow } from "../../src/protocol.gen";

function rowText(number: number, what: AuditRow["what"] = "call_began"): string {
	return JSON.stringify({
		number,
		boot: "b",
		monotonic_ms: number,
		at_ms: number,
		clock: true,
		what,
		who: "",
		name: "",
		detail: "",
		evidence: "",
	});
}

/** A doorbell's log: its rows, the chain's hash after each, and pages of it. */
async function kept(texts: readonly string[], size = 3, signed: number | "" = texts.length) {
	const chain = [ROOT];
	for (const [index, text] of texts.entries()) {
		chain.push(await nextHash(index + 1, chain[index] as string, await rowHash(text)));
	}
	const page = (before: number): AuditPage => {
		const end = before === 0 ? texts.length : before - 1;
		const from = Math.max(0, end - size);
		return {
			type: "audit_page",
			id: 1,
			rows: texts.slice(from, end).reverse(),
			hash: chain[end] as string,
			before: chain[from] as string,
			head: String(signed),
		};
	};
	const head = (number: number): AuditHeadStatement => ({
		doorbell: "d",
		number,
		hash: chain[number] as string,
		at_ms: 0,
	});
	return { chain, page, head };
}

const texts = Array.from({ length: 8 }, (_, index) => rowText(index + 1));

function reader(
	answer: (before: number) => AuditPage,
	head: (number: number) => AuditHeadStatement = () => {
		throw new Error("Nobody signed.");
	},
) {
	const ask = async (asked: Asked): Promise<Answer> =>
		answer(asked.type === "read_audit" ? (asked.before as number) : 0);
	return new AuditLog(ask, async (text) => head(Number(text)));
}

describe("the chain", () => {
	it("is the one that the doorbell reckons", async () => {
		// Reckoned by protocol/audit.py.
		const first = await nextHash(1, ROOT, await rowHash('{"number":1}'));
		expect(first).toBe("9HGj4U4uaYQmIl-RLJKZzUOsp3GktN8T92J5juChQK4");
		expect(await nextHash(2, first, await rowHash("ä"))).toBe(
			"-IGk1aDTwmuOQgSFaRUEnvLtQT3QbMT06Q2odwm2MiM",
		);
	});

	it("names each row's place", async () => {
		const { page, chain } = await kept(texts);
		const rows = await checkedRows(page(0));
		expect(rows.map(({ row, hash }) => [row.number, hash])).toEqual([
			[8, chain[8]],
			[7, chain[7]],
			[6, chain[6]],
		]);
	});

	const changes: [string, (page: AuditPage) => AuditPage][] = [
		[
			"a row changed",
			(page) => ({ ...page, rows: [rowText(8, "started"), ...page.rows.slice(1)] }),
		],
		["a row left out", (page) => ({ ...page, rows: page.rows.slice(1) })],
		[
			"a row in the middle left out",
			({ rows, ...page }) => ({
				...page,
				rows: [rows[0] as string, rows[2] as string],
			}),
		],
		["two rows exchanged", ({ rows, ...page }) => ({ ...page, rows: [...rows].reverse() })],
		["another end", (page) => ({ ...page, hash: ROOT })],
		["another beginning", (page) => ({ ...page, before: ROOT })],
		["no row at all", ({ rows, ...page }) => ({ ...page, rows: ["{}", ...rows.slice(1)] })],
		["a row that is not JSON", ({ rows, ...page }) => ({ ...page, rows: ["{", ...rows.slice(1)] })],
	];
	it.each(changes)("is broken by %s", async (_name, change) => {
		const { page } = await kept(texts);
		await expect(checkedRows(change(page(0)))).rejects.toBeInstanceOf(BrokenChainError);
	});

	it("begins with nothing before the first row", async () => {
		const { page } = await kept(texts, 8);
		const whole = page(0);
		const before = whole.hash;
		let hash = before;
		for (const [index, text] of texts.entries()) {
			hash = await nextHash(index + 1, hash, await rowHash(text));
		}
		await expect(checkedRows({ ...whole, before, hash })).rejects.toBeInstanceOf(BrokenChainError);
	});
});

describe("the log", () => {
	it("is read page by page, each joined to the one before", async () => {
		const { page, head } = await kept(texts);
		const log = reader(page, head);
		await log.load();
		expect(log.rows.value.map(({ row }) => row.number)).toEqual([8, 7, 6]);
		expect([log.trust.value, log.more.value]).toEqual(["signed", true]);
		expect(log.signed.value).toEqual({ text: "8", statement: head(8) });
		await log.loadAll();
		expect(log.rows.value).toHaveLength(8);
		expect(log.more.value).toBe(false);
		expect(log.trust.value).toBe("signed");
	});

	it("goes on reading until something is found", async () => {
		const found = [rowText(1), rowText(2, "unlock_done"), ...texts.slice(2)];
		const { page } = await kept(found, 3, "");
		const log = reader(page);
		await log.load(({ row }) => row.what === "unlock_done");
		expect(log.rows.value.at(-1)?.row.number).toBeLessThanOrEqual(2);
		expect(log.trust.value).toBe("checked");
		expect(log.signed.value).toBeNull();
	});

	it("may have rows that are not signed yet", async () => {
		const { page, head } = await kept(texts, 3, 7);
		const log = reader(page, head);
		await log.load();
		expect(log.signed.value?.statement.number).toBe(7);
	});

	const wrong: [string, (head: AuditHeadStatement) => AuditHeadStatement][] = [
		["it ends before what was signed", (head) => ({ ...head, number: 9 })],
		["it was written anew", (head) => ({ ...head, hash: ROOT })],
		["it begins after what was signed", (head) => ({ ...head, number: 0 })],
	];
	it.each(wrong)("is broken when %s", async (_name, change) => {
		const { page, head } = await kept(texts);
		const log = reader(page, (number) => change(head(number)));
		await expect(log.load()).rejects.toBeInstanceOf(BrokenChainError);
		expect([log.trust.value, log.signed.value, log.rows.value]).toEqual(["broken", null, []]);
	});

	it("is broken when somebody else signed it", async () => {
		const { page } = await kept(texts);
		const log = reader(page);
		await expect(log.load()).rejects.toBeInstanceOf(BrokenChainError);
	});

	it("is broken when two pages do not join", async () => {
		const { page, head } = await kept(texts);
		const { page: other } = await kept([rowText(1), rowText(2, "started"), ...texts.slice(2)]);
		const log = reader((before) => (before === 0 ? page(0) : other(before)), head);
		await log.load();
		await expect(log.load()).rejects.toBeInstanceOf(BrokenChainError);
		expect(log.trust.value).toBe("broken");
		expect(log.rows.value).toHaveLength(3);
	});

	it("may be empty", async () => {
		const { page, head } = await kept([]);
		const log = reader(page, head);
		await log.load();
		expect([log.rows.value, log.more.value, log.trust.value]).toEqual([[], false, "signed"]);
	});
});

describe("the file", () => {
	it("holds each row as it is kept, oldest first, up to the signed head", async () => {
		const { page, head, chain } = await kept(texts, 8);
		const text = exportedLog(await checkedRows(page(0)), {
			text: "a.b.c",
			statement: head(6),
		});
		const lines = text
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(lines).toHaveLength(7);
		expect(lines[0]).toEqual({ row: texts[0], hash: chain[1] });
		expect(lines[6]).toEqual({ hash: chain[6], head: "a.b.c" });
	});
});
