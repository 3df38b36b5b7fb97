import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LineState } from "../../src/household/desk";
import { type Asked, NotDoneError } from "../../src/household/requests";
import { Software } from "../../src/household/software";
import { HouseholdContext, type HouseholdPlace } from "../../src/parts/household";
import type { HouseholdView, Member, Phone } from "../../src/protocol.gen";
import { type HouseholdPage, paths, routeOf } from "../../src/router";
import { HouseholdPages } from "../../src/screens/household/pages";
import { en } from "../../src/words/en";

const NOW_MS = Date.parse("2026-03-04T12:00:00Z");
const DOOR = "door";

function member(id: string, rights: Phone["rights"], change: Partial<Member> = {}): Member {
	const phone = { id, name: id, rights, until_ms: null, windows: [] };
	return { phone, since_ms: NOW_MS, passkey: false, calling: false, ...change };
}

const ANNA = member("Anna", ["view", "unlock", "admin"]);
const BEN = member("Ben", ["view", "unlock"], { calling: true });
const VIEW: HouseholdView = {
	type: "household",
	id: 1,
	members: [ANNA, BEN],
	tokens: [],
	invitation: null,
	rules: { unlock_passkey: false, unlock_mqtt: false },
	clock: true,
};

let place: HTMLElement;
let asked: Asked[];
let refuse: NotDoneError | undefined;
const view = signal<HouseholdView | null>(VIEW);
const state = signal<LineState>({ phase: "open", error: null });
const retry = vi.fn();

function household(me: string): HouseholdPlace {
	const desk: HouseholdPlace["desk"] = {
		view,
		state,
		retry,
		async readHead() {
			throw new Error("Nobody signs here.");
		},
		async ask(question) {
			asked.push(question);
			if (refuse) throw refuse;
			if (question.type === "invite") {
				const invitation = { access: question.access, left_s: 600, tries_left: 5 };
				view.value = { ...VIEW, invitation };
				return { type: "invited", id: 1, link: "https://d/#p=1", valid_s: 600 };
			}
			return view.value ?? VIEW;
		},
	};
	const [code, token] = [signal(null), signal(null)];
	const software = new Software(desk, () => NOW_MS);
	return { doorbell: DOOR, name: "Front door", me, desk, software, code, token, now: () => NOW_MS };
}

async function show(page: HouseholdPage, item = "", me = "Anna"): Promise<void> {
	const at = routeOf(paths.household(DOOR, page, item)) as Parameters<
		typeof HouseholdPages
	>[0]["at"];
	await act(() =>
		render(
			<HouseholdContext.Provider value={household(me)}>
				<HouseholdPages at={at} />
			</HouseholdContext.Provider>,
			place,
		),
	);
}

function find<T extends HTMLElement = HTMLElement>(hook: string): T {
	const found = place.querySelector<T>(`[data-testid="${hook}"]`);
	if (!found) throw new Error(`There is no ${hook}.`);
	return found;
}

async function tap(hook: string): Promise<void> {
	await act(async () => find(hook).click());
}

async function type(hook: string, value: string): Promise<void> {
	await act(() => {
		find<HTMLInputElement>(hook).value = value;
		find(hook).dispatchEvent(new Event("input", { bubbles: true }));
	});
}

beforeEach(() => {
	vi.useFakeTimers({ now: NOW_MS });
	asked = [];
	refuse = undefined;
	view.value = VIEW;
	state.value = { phase: "open", error: null };
	place = document.createElement("div");
	document.body.append(place);
});

afterEach(() => {
	render(null, place);
	place.remove();
	vi.useRealTimers();
});

describe("the list", () => {
	it("tells phones apart: which one this is, and which one calls", async () => {
		await show("home");
		const rows = [...place.querySelectorAll('[data-testid="member"]')];
		expect(rows.map((row) => row.textContent?.includes(en.household.list.thisPhone))).toEqual([
			true,
			false,
		]);
		expect(rows.map((row) => row.querySelector('[data-testid="calling"]') !== null)).toEqual([
			false,
			true,
		]);
	});

	it("says that phones with limited times are kept out without a clock", async () => {
		view.value = { ...VIEW, clock: false };
		await show("home");
		expect(place.textContent).not.toContain(en.household.clockUnknown);
		const timed = { ...BEN, phone: { ...BEN.phone, until_ms: NOW_MS + 1000 } };
		await act(() => {
			view.value = { ...VIEW, members: [ANNA, timed], clock: false };
		});
		expect(place.textContent).toContain(en.household.clockUnknown);
	});

	it("shows a phone that is no admin itself alone", async () => {
		view.value = { ...VIEW, members: [BEN] };
		await show("home", "", "Ben");
		expect(place.querySelectorAll('[data-has="true"]')).toHaveLength(2);
		expect(place.querySelector('[data-testid="members"]')).toBeNull();
		expect(place.textContent).toContain(en.household.access.always);
	});

	it("keeps what was last known while the doorbell is away, and offers to try again", async () => {
		await show("home");
		await act(() => {
			state.value = { phase: "closed", error: undefined };
		});
		expect(find("household-away").textContent).toContain(en.household.line.lastKnown);
		expect(find("members").textContent).toContain("Ben");
		await act(() => find("household-away").querySelector("button")?.click());
		expect(retry).toHaveBeenCalledOnce();
	});
});

describe("a phone's page", () => {
	it("saves what was changed, and nothing before", async () => {
		await show("phone", "Ben");
		expect(place.querySelector('[data-testid="save"]')).toBeNull();
		await tap("right-talk");
		await type("name", " Ben’s new phone ");
		expect(asked).toEqual([]);
		await tap("save");
		expect(asked).toEqual([
			{
				type: "change_phone",
				phone: "Ben",
				name: "Ben’s new phone",
				access: { rights: ["view", "talk", "unlock"], until_ms: null, windows: [] },
			},
		]);
	});

	it("refuses an end in the past with a sentence, without asking", async () => {
		await show("phone", "Ben");
		await tap("until");
		await type("until-when", "2020-01-01T10:00");
		await tap("save");
		expect(find("save-line").textContent).toBe(en.household.access.faults.until_past);
		expect(find("save-line").getAttribute("role")).toBe("alert");
		expect(asked).toEqual([]);
	});

	it("takes hours past midnight", async () => {
		await show("phone", "Ben");
		await tap("hours");
		await type("from", "22:00");
		await type("to", "06:00");
		await tap("day-4");
		expect(find("hours-field").textContent).toContain(en.household.access.nextDay);
		await tap("save");
		expect(asked).toMatchObject([
			{ access: { windows: [{ days: [0, 1, 2, 3], start: 1320, end: 360 }] } },
		]);
	});

	it("says before and after that the last admin stays", async () => {
		await show("phone", "Anna");
		expect(find("only-admin").textContent).toBe(en.household.phone.onlyAdmin);
		refuse = new NotDoneError("last_admin", "x");
		await tap("right-admin");
		await tap("save");
		expect(find("save-line").textContent).toBe(en.household.refused.last_admin);
	});

	it("removes only after a second tap", async () => {
		await show("phone", "Ben");
		await tap("remove");
		expect(asked).toEqual([]);
		// A thumb that taps twice hits nothing dangerous.
		expect(document.activeElement?.textContent).toBe(en.app.cancel);
		await tap("remove-yes");
		expect(asked).toEqual([{ type: "remove_phone", phone: "Ben" }]);
	});

	it("says when the phone is not there any more", async () => {
		await show("phone", "Ben");
		await act(() => {
			view.value = { ...VIEW, members: [ANNA] };
		});
		expect(place.textContent).toContain(en.household.phone.gone);
	});
});

describe("an invitation", () => {
	it("gives what its preset says, and shows its code until it is used", async () => {
		await show("invite");
		await tap("preset-guest");
		await tap("make-code");
		await act(async () => void (await vi.advanceTimersByTimeAsync(0)));
		expect(asked[0]).toMatchObject({ type: "invite", access: { rights: ["view", "talk"] } });
		expect(find("invite-link").textContent).toBe("https://d/#p=1");
		await act(async () => void (await vi.advanceTimersByTimeAsync(61_000)));
		expect(find("code-left").textContent).toContain("8:59");
		await act(() => {
			view.value = { ...VIEW, members: [...VIEW.members, member("Carla", ["view"])] };
		});
		expect(find("invite-used").textContent).toBe(en.household.invite.used("Carla"));
	});
});

describe("the rules", () => {
	it("let the broker open only after the warning was read", async () => {
		await show("rules");
		await tap("rule-broker");
		expect(asked).toEqual([]);
		expect(place.textContent).toContain(en.household.rules.brokerWarn);
		expect(find<HTMLInputElement>("rule-broker").checked).toBe(false);
		await tap("broker-yes");
		expect(asked).toEqual([
			{ type: "change_rules", rules: { unlock_passkey: false, unlock_mqtt: true } },
		]);
	});

	it("name who would be shut out without a passkey", async () => {
		view.value = { ...VIEW, rules: { unlock_passkey: true, unlock_mqtt: false } };
		await show("rules");
		expect(find("without-passkey").textContent).toBe(en.household.rules.shutOut("Anna, Ben"));
	});
});

describe("a token", () => {
	it("needs a name and an end to come", async () => {
		await show("tokens");
		await tap("make-token");
		expect(find("token-fault").textContent).toBe(en.household.tokens.noName);
		await type("token-name", "Tablet");
		await tap("until");
		await type("until-when", "2020-01-01T10:00");
		await tap("make-token");
		expect(find("token-fault").textContent).toBe(en.household.access.faults.until_past);
		expect(asked).toEqual([]);
	});
});
