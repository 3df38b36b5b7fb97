import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LineState } from "../../src/household/desk";
import { type Asked, NotDoneError } from "../../src/household/requests";
import { Software } from "../../src/household/software";
import { HouseholdContext, type HouseholdPlace } from "../../src/parts/household";
import type { HouseholdView, SoftwareView } from "../../src/protocol.gen";
import { HouseholdPages } from "../../src/screens/household/pages";
import { en } from "../../src/words/en";

const IDLE: SoftwareView = {
	type: "software",
	id: 1,
	enabled: true,
	installed: "1.0.0",
	latest: "",
	notes: "",
	step: "none",
	percent: null,
	automatic: false,
	rolled_back: false,
	failed: "",
	trouble: null,
	detail: "",
};
const OFFERED: SoftwareView = { ...IDLE, latest: "1.2.0", notes: "Rings louder.", step: "offered" };
const VIEW: HouseholdView = {
	type: "household",
	id: 1,
	members: [],
	tokens: [],
	invitation: null,
	rules: { unlock_passkey: false, unlock_mqtt: false },
	clock: true,
};

const text = en.software;
const state = signal<LineState>({ phase: "open", error: null });
const retry = vi.fn();
let place: HTMLElement;
let asked: Asked[];
let now: SoftwareView;
let refuse: NotDoneError | undefined;
let software: Software;

async function show(first: SoftwareView): Promise<void> {
	now = first;
	const desk: HouseholdPlace["desk"] = {
		view: signal(VIEW),
		state,
		retry,
		async readHead() {
			throw new Error("Nobody signs here.");
		},
		async ask(question) {
			asked.push(question);
			if (refuse) throw refuse;
			return now;
		},
	};
	software = new Software(desk, () => Date.now());
	const context = {
		doorbell: "door",
		name: "Front door",
		me: "Anna",
		desk,
		software,
		code: signal(null),
		token: signal(null),
		now: () => Date.now(),
	};
	await act(async () =>
		render(
			<HouseholdContext.Provider value={context}>
				<HouseholdPages at={{ name: "household", doorbell: "door", page: "software", item: "" }} />
			</HouseholdContext.Provider>,
			place,
		),
	);
	await pass(0);
}

async function pass(ms: number): Promise<void> {
	await act(async () => {
		await vi.advanceTimersByTimeAsync(ms);
	});
}

function found(hook: string): HTMLElement | null {
	return place.querySelector<HTMLElement>(`[data-testid="${hook}"]`);
}

async function tap(hook: string): Promise<void> {
	await act(async () => found(hook)?.click());
	await pass(0);
}

beforeEach(() => {
	vi.useFakeTimers();
	asked = [];
	refuse = undefined;
	retry.mockReset();
	state.value = { phase: "open", error: null };
	place = document.createElement("div");
	document.body.append(place);
});

afterEach(() => {
	software.close();
	render(null, place);
	place.remove();
	vi.useRealTimers();
});

describe("the software page", () => {
	it("tells which version runs, and that there is no newer one", async () => {
		await show(IDLE);
		expect(found("software-runs")?.textContent).toBe(text.runs("1.0.0"));
		expect(place.textContent).toContain(text.newest);
		expect(found("software-install")).toBeNull();
	});

	it("looks for updates when asked", async () => {
		await show(IDLE);
		now = OFFERED;
		await tap("software-look");
		expect(asked.at(-1)).toEqual({ type: "update_state", look: true });
		expect(found("software-notes")?.textContent).toBe("Rings louder.");
	});

	it("installs the version that it shows", async () => {
		await show(OFFERED);
		now = { ...OFFERED, step: "downloading", percent: 40 };
		await tap("software-install");
		expect(asked.at(-1)).toEqual({ type: "update_install", version: "1.2.0" });
		expect(found("software-step")?.textContent).toBe(text.steps.downloading("40"));
		expect(found("software-install")).toBeNull();
		now = { ...OFFERED, step: "waiting" };
		await pass(2_000);
		expect(found("software-step")?.dataset.step).toBe("waiting");
	});

	it("comes back by itself while the doorbell restarts, and tells that it worked", async () => {
		await show({ ...OFFERED, step: "installing" });
		state.value = { phase: "closed", error: undefined };
		await pass(2_000);
		expect(retry).toHaveBeenCalled();
		expect(found("household-away")).toBeNull();
		now = { ...IDLE, installed: "1.2.0" };
		state.value = { phase: "open", error: null };
		await pass(2_000);
		expect(found("software-done")?.textContent).toBe(text.done("1.2.0"));
	});

	it("gives up waiting for a doorbell that stays away", async () => {
		await show({ ...OFFERED, step: "installing" });
		state.value = { phase: "closed", error: undefined };
		await pass(7 * 60_000);
		retry.mockReset();
		await pass(60_000);
		expect(retry).not.toHaveBeenCalled();
		expect(found("household-away")).not.toBeNull();
	});

	it("does not call a doorbell back that went away for no reason of ours", async () => {
		await show(OFFERED);
		state.value = { phase: "closed", error: undefined };
		await pass(60_000);
		expect(retry).not.toHaveBeenCalled();
		expect(found("household-away")).not.toBeNull();
	});

	it("tells that a version was taken back, and why", async () => {
		const detail = "Version 1.2.0 was tried, but its camera no longer worked.";
		const trouble = { rolled_back: true, failed: "1.2.0", trouble: "unhealthy", detail } as const;
		await show({ ...OFFERED, ...trouble });
		const told = found("software-trouble")?.textContent;
		expect(told).toContain(text.rolledBack("1.2.0"));
		expect(told).toContain(detail);
	});

	it("says calmly that this doorbell is updated in another way", async () => {
		await show({ ...IDLE, enabled: false, trouble: "keys", detail: "No key." });
		expect(found("software-trouble")?.textContent).toBe(text.troubles.keys);
		expect(found("software-trouble")?.getAttribute("role")).toBeNull();
		expect(found("software-look")).toBeNull();
	});

	it("says the same of a doorbell that does not know updates yet", async () => {
		refuse = new NotDoneError("malformed", "The protocol has no message of this type.");
		await show(IDLE);
		expect(place.textContent).toContain(text.troubles.off);
	});

	it("shows why an update was not taken", async () => {
		await show(OFFERED);
		refuse = new NotDoneError("update", "This version is not offered any more.");
		await tap("software-install");
		expect(place.querySelector('[role="alert"]')?.textContent).toBe(refuse.detail);
		expect(found("software-install")).not.toBeNull();
	});
});
