import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOCK_PROBLEM, OfflineError, RefusedError } from "../src/api/problem";
import { ImpostorError } from "../src/call/impostor";
import { Identity } from "../src/identity/identity";
import { PairingError } from "../src/pairing/pair";
import { sentenceOf, tooOften } from "../src/parts/sentence";
import { SessionContext } from "../src/parts/session";
import { TakenOut } from "../src/parts/taken-out";
import type { Doorbell } from "../src/protocol.gen";
import { failureOf, PairScreen } from "../src/screens/pair";
import { Session } from "../src/session";
import { LANGUAGES } from "../src/words";
import { en } from "../src/words/en";
import { stubDatabase } from "./support/database";
import { golden, goldenIdentity } from "./support/golden";

const identity = await goldenIdentity("phone");
const DOOR = golden.doorbell.id;
const LINK = `p=1.${"A".repeat(43)}.${"A".repeat(21)}Q.${DOOR}`;

let place: HTMLElement;

beforeEach(() => {
	stubDatabase();
	vi.useFakeTimers();
	place = document.createElement("div");
	document.body.append(place);
});
afterEach(() => {
	render(null, place);
	place.remove();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const hook = (name: string) => place.querySelector<HTMLElement>(`[data-testid="${name}"]`);

describe("a refusal", () => {
	it.each(Object.entries(LANGUAGES))("says in %s when to try again", (_, words) => {
		expect(tooOften(5, words)).toContain(words.trust.waitSeconds(5));
		expect(tooOften(600, words)).toContain(words.trust.waitMinutes(10));
		expect(tooOften(undefined, words)).toBe(words.trust.tooOften);
		const limited = new RefusedError(429, "about:blank", "limit exceeded", 30);
		expect(sentenceOf(limited, words)).toContain("30");
		expect(sentenceOf(new ImpostorError("certificate"), words)).toBe(words.trust.ends.impostor);
		expect(sentenceOf(new ImpostorError("unknown"), words)).toBe(words.trust.ends.stranger);
	});

	it.each(["unknown", "expired", "used", "wrong", "exhausted"] as const)(
		"of pairing, %s, asks for a fresh link",
		(reason) => {
			const { why, fresh } = failureOf(new PairingError(reason, ""), en);
			expect(why).toBe(en.pair.failed[reason]);
			expect(fresh).toBe(true);
		},
	);

	it("of pairing by an impostor does not ask to try again", () => {
		const { why, fresh } = failureOf(new PairingError("impostor", ""), en);
		expect(why).toContain("not the doorbell");
		expect(fresh).toBe(false);
	});

	it("of pairing by the server says what it is about", () => {
		const refused = (status: number) => failureOf(new RefusedError(status, "about:blank", ""), en);
		expect(refused(503).why).toBe(en.pair.away);
		expect(refused(410).why).toBe(en.pair.failed.used);
		expect(refused(403).why).toBe(en.pair.failed.wrong);
		expect(refused(429).why).toContain(en.trust.tooOften);
		expect(failureOf(new OfflineError("no"), en).why).toBe(en.error.offline);
	});
});

describe("a phone that was taken out", () => {
	function shown(): Session {
		const session = new Session(identity);
		render(
			<SessionContext.Provider value={session}>
				<TakenOut />
			</SessionContext.Provider>,
			place,
		);
		return session;
	}
	const refused = (type = "about:blank") => new RefusedError(401, type, "");

	it("reads so, and how to come back", () => {
		const session = shown();
		expect(hook("taken-out")).toBeNull();
		act(() => {
			session.household.trouble.value = refused();
		});
		expect(hook("taken-out")?.textContent).toContain(en.trust.out.everywhere);
		expect(hook("taken-out")?.textContent).toContain(en.trust.out.how);
		expect(hook("forget-pairing")).not.toBeNull();
	});

	it("is not one whose clock is wrong, or that lacks one right", () => {
		const session = shown();
		for (const trouble of [refused(CLOCK_PROBLEM), new RefusedError(403, "about:blank", "")]) {
			act(() => {
				session.household.trouble.value = trouble;
			});
			expect(hook("taken-out")).toBeNull();
		}
	});

	it("of one household reads which one, once the server is sure", async () => {
		const session = shown();
		const refresh = vi.spyOn(session.household, "refresh").mockResolvedValue();
		await act(() => {
			session.household.loaded.value = true;
		});
		expect(hook("taken-out")).toBeNull();
		await act(async () => void (await vi.advanceTimersByTimeAsync(4_000)));
		expect(refresh).toHaveBeenCalledOnce();
		expect(hook("taken-out")?.textContent).toContain("Front door");
		await act(() => {
			session.household.doorbells.value = [{ id: DOOR } as unknown as Doorbell];
		});
		expect(hook("taken-out")).toBeNull();
	});
});

describe("forgetting a doorbell", () => {
	it("keeps the key for the others, and leaves nothing after the last", async () => {
		vi.useRealTimers();
		const other = { id: identity.id, publicKey: "", name: "Back door" };
		const two = new Identity({
			...identity.record,
			doorbells: [...identity.record.doorbells, other],
		});
		const left = await two.without(DOOR);
		expect(left?.record.doorbells).toEqual([other]);
		expect(left?.id).toBe(identity.id);
		expect(await left?.without(other.id)).toBeUndefined();
	});
});

describe("pairing on an iPhone", () => {
	const show = () => {
		const screen = { fragment: LINK, known: undefined, onPaired: vi.fn(), onDone: vi.fn() };
		act(() => render(<PairScreen {...screen} />, place));
	};

	beforeEach(() => {
		vi.stubGlobal("isSecureContext", true);
		vi.spyOn(navigator, "userAgent", "get").mockReturnValue("Mozilla/5.0 (iPhone)");
		vi.stubGlobal("matchMedia", () => ({ matches: false }));
	});

	it("asks to install first, and can be done anyway", () => {
		show();
		expect(place.textContent).toContain(en.pair.iosTitle);
		expect(hook("pair")).toBeNull();
		act(() => hook("pair-anyway")?.click());
		expect(hook("pair")).not.toBeNull();
	});

	it("begins at once in the installed app", () => {
		vi.stubGlobal("matchMedia", () => ({ matches: true }));
		show();
		expect(hook("pair")).not.toBeNull();
	});
});
