import { describe, expect, it } from "vitest";
import type { Notification as Notice } from "../../src/protocol.gen";
import { decide, type Shown } from "../../src/sw/order";
import { notice } from "./notices";

const shown = (notice: Notice, dismissed = false): Shown => ({ notice, dismissed });

describe("what a push may replace", () => {
	it("shows the first ring, with a sound", () => {
		expect(decide(undefined, notice("rang"))).toEqual({ show: notice("rang"), alert: true });
	});

	it("puts the picture into the ring without a sound", () => {
		const { show, alert } = decide(shown(notice("rang")), notice("picture"));
		expect(show.data.change).toBe("picture");
		expect(alert).toBe(false);
	});

	it("rings again while nobody answers", () => {
		expect(decide(shown(notice("rang")), notice("rang")).alert).toBe(true);
	});

	it("keeps the picture when the ring repeats", () => {
		const { show, alert } = decide(shown(notice("picture")), notice("rang"));
		expect(show.data.change).toBe("picture");
		expect(alert).toBe(true);
	});

	it("does not ring again for someone who swiped the ring away", () => {
		expect(decide(shown(notice("rang"), true), notice("rang")).alert).toBe(false);
	});

	it.each(["answered", "missed"] as const)("lets %s end the ring in silence", (outcome) => {
		const { show, alert } = decide(shown(notice("picture")), notice(outcome, 5));
		expect(show.data.change).toBe(outcome);
		expect(alert).toBe(false);
	});

	it.each(["rang", "picture"] as const)("never lets a late %s bring the ring back", (late) => {
		const { show, alert } = decide(shown(notice("answered", 5)), notice(late));
		expect(show.data.change).toBe("answered");
		expect(alert).toBe(false);
	});

	it("rings for a second press after a missed first", () => {
		const { show, alert } = decide(shown(notice("missed", 40)), notice("rang", 60));
		expect(show.data.change).toBe("rang");
		expect(alert).toBe(true);
	});

	it("rings for a second press even when the first was swiped away", () => {
		expect(decide(shown(notice("rang"), true), notice("rang", 20)).alert).toBe(true);
	});

	it("turns motion into a ring", () => {
		expect(decide(shown(notice("motion", -10)), notice("rang")).alert).toBe(true);
	});

	it("keeps quiet hours", () => {
		const quiet = { ...notice("rang"), silent: true };
		expect(decide(undefined, quiet).alert).toBe(false);
		expect(decide(shown(quiet), quiet).alert).toBe(false);
	});

	it("sounds for every test", () => {
		expect(decide(shown(notice("test")), notice("test")).alert).toBe(true);
	});
});

describe("in whatever order a visit's pushes arrive", () => {
	const visit = [notice("motion", -10), notice("rang"), notice("picture"), notice("missed", 40)];

	it.each(
		permutations(visit).map((order) => [order.map((each) => each.data.change), order] as const),
	)("%j ends with the outcome", (_, order) => {
		let last: Shown | undefined;
		for (const each of order) last = shown(decide(last, each).show);
		expect(last?.notice.data.change).toBe("missed");
	});
});

function permutations<T>(items: readonly T[]): T[][] {
	if (items.length < 2) return [[...items]];
	return items.flatMap((item, index) =>
		permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
	);
}
