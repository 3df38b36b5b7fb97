import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeniedError } from "../src/call/control";
import { type CallModel, IDLE } from "../src/call/state";
import { RIGHTS, type Right } from "../src/household/access";
import { Notice } from "../src/parts/notice";
import type { Doorbell } from "../src/protocol.gen";
import { Controls, type OpenSheet } from "../src/screens/controls";
import type { ActiveCall } from "../src/session";

const HOOKS: Readonly<Partial<Record<Right, readonly string[]>>> = {
	talk: ["talk", "quick-reply", "loudness"],
	light: ["light"],
	chime: ["chime"],
	unlock: ["unlock"],
};
const ALWAYS = ["speaker", "hang-up"];
const live: CallModel = {
	...IDLE,
	phase: "live",
	door: { lock: "locked", light: "off", ringing: false, faults: [] },
};

let place: HTMLElement;
const ask = vi.fn(async () => undefined);

function show(rights: readonly Right[]): void {
	const active = {
		doorbell: "door",
		call: { ask },
		model: signal(live),
		talking: signal(false),
	} as unknown as ActiveCall;
	const doorbell = { me: { rights } } as unknown as Doorbell;
	const screen = { active, doorbell, name: "Front door", few: false, onLeave: vi.fn() };
	const [muted, sheet] = [signal(false), signal<OpenSheet>("none")];
	act(() =>
		render(
			<>
				<Controls {...screen} muted={muted} sheet={sheet} />
				<Notice />
			</>,
			place,
		),
	);
}

const shown = () =>
	Array.from(place.querySelectorAll<HTMLElement>("[data-testid]"), (each) => each.dataset.testid);

beforeEach(() => {
	place = document.createElement("div");
	document.body.append(place);
});
afterEach(() => {
	render(null, place);
	place.remove();
});

describe("the controls of a call", () => {
	it.each(Object.entries(HOOKS))("without %s do not offer it, and all else", (right, hooks) => {
		show(RIGHTS.filter((each) => each !== right));
		const others = Object.values(HOOKS).flat().length - hooks.length;
		for (const hook of hooks) expect(shown()).not.toContain(hook);
		expect(shown()).toHaveLength(others + ALWAYS.length);
	});

	it("of a phone that may only see are sound and the end", () => {
		show(["view"]);
		expect(shown()).toEqual(ALWAYS);
	});

	it("say the doorbell's own words when a right has just ended", async () => {
		show(RIGHTS);
		ask.mockRejectedValueOnce(new DeniedError("right", "Not at this hour."));
		place.querySelector<HTMLElement>('[data-testid="light"]')?.click();
		await vi.waitFor(() => expect(place.textContent).toContain("Not at this hour."));
	});
});
