import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseReply } from "../src/call/control";
import { isRinging, mayBeHeard, withLatest, withVisit } from "../src/household/merge";
import type { Doorbell, ServerEvent } from "../src/protocol.gen";

const FOLDER = join(import.meta.dirname, "../../protocol/samples/valid");

function samples(family: string): [string, string][] {
	return readdirSync(FOLDER)
		.filter((name) => name.startsWith(family))
		.map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]);
}

describe("the golden samples", () => {
	it.each(samples("control.ControlReply."))("%s is understood", (_, text) => {
		expect(parseReply(text)).toEqual(JSON.parse(text));
	});

	it.each(samples("control.ControlRequest."))("%s is no reply", (_, text) => {
		expect(parseReply(text)).toBeUndefined();
	});

	it("a press rings, and becomes the latest of its door", () => {
		const [, text] = samples("api.ServerEvent.visit_rang")[0] ?? ["", "null"];
		const event = JSON.parse(text) as ServerEvent;
		if (event.type !== "visit") throw new Error("The sample is not of a visit.");
		const { visit } = event;
		const rang = visit.rang_ms ?? 0;
		expect(isRinging(visit, rang + 1000)).toBe(true);
		expect(isRinging(visit, rang + 61_000)).toBe(false);
		expect(isRinging({ ...visit, answered_by: "Anna" }, rang)).toBe(false);
		expect(isRinging({ ...visit, closed_ms: rang }, rang)).toBe(false);
		expect(isRinging({ ...visit, rang_ms: null }, rang)).toBe(false);
		expect(withVisit([visit], { ...visit, answered_by: "Anna" })).toEqual([
			{ ...visit, answered_by: "Anna" },
		]);
		expect(mayBeHeard(visit)).toBe(true);
		const quietly = visit.moments.map((moment) => ({ ...moment, quiet: true }));
		expect(mayBeHeard({ ...visit, moments: quietly })).toBe(false);
		expect(mayBeHeard({ ...visit, moments: [] })).toBe(false);
		const door = { id: visit.doorbell, latest: null } as unknown as Doorbell;
		expect(withLatest([door], visit)[0]?.latest).toBe(visit);
		const older = { ...visit, id: "older-visit", opened_ms: visit.opened_ms - 1 };
		expect(withLatest(withLatest([door], visit), older)[0]?.latest).toBe(visit);
	});
});
