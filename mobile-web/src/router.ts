import { signal } from "@preact/signals";

export type Route =
	| { name: "home" }
	| { name: "ring"; visit: string; reply: boolean }
	| { name: "call"; doorbell: string; answers: string | undefined }
	| { name: "visit"; visit: string }
	| { name: "settings" }
	| { name: "household"; doorbell: string; page: HouseholdPage; item: string }
	| { name: "pair"; fragment: string };

/** The pages of a doorbell's household; `home` lists its phones. */
const HOUSEHOLD_PAGES = [
	"home",
	"phone",
	"invite",
	"tokens",
	"rules",
	"passkey",
	"log",
	"software",
] as const;
export type HouseholdPage = (typeof HOUSEHOLD_PAGES)[number];

/** What a hash asks for; anything unknown is home. */
export function routeOf(hash: string): Route {
	const text = hash.replace(/^#/, "");
	if (text.startsWith("p=")) return { name: "pair", fragment: text };
	const [path = "", query = ""] = text.split("?");
	const [, name, id, page, item = ""] = path.split("/");
	if (name === "settings") return { name: "settings" };
	if (!id) return { name: "home" };
	const asked = new URLSearchParams(query);
	if (name === "ring") return { name: "ring", visit: id, reply: asked.has("reply") };
	if (name === "household") {
		const known = HOUSEHOLD_PAGES.find((each) => each === page) ?? "home";
		return { name: "household", doorbell: id, page: known, item };
	}
	if (name === "visit") return { name: "visit", visit: id };
	if (name === "call") {
		return {
			name: "call",
			doorbell: id,
			answers: asked.get("answers") ?? undefined,
		};
	}
	return { name: "home" };
}

export const paths = {
	home: "#/",
	settings: "#/settings",
	household: (doorbell: string, page?: HouseholdPage, item?: string) =>
		["#/household", doorbell, page, item].filter(Boolean).join("/"),
	ring: (visit: string) => `#/ring/${visit}`,
	visit: (visit: string) => `#/visit/${visit}`,
	call: (doorbell: string, answers?: string) =>
		`#/call/${doorbell}${answers ? `?answers=${answers}` : ""}`,
};

export const route = signal<Route>(routeOf(location.hash));

/** Whether this visit's ring is on the screen, opened to answer or to reply. */
export function showsRing(visit: string, at: Route = route.value): boolean {
	return at.name === "ring" && at.visit === visit;
}

/** Follow the address bar. */
export function startRouter(): void {
	const follow = () => {
		route.value = routeOf(location.hash);
	};
	addEventListener("hashchange", follow);
	addEventListener("popstate", follow);
}

/** Show a call's screen, but let its request leave first: drawing the screen takes longer. */
export function goToCall(path: string, how: "push" | "replace" = "push"): void {
	setTimeout(() => go(path, how));
}

/**
 * Show another screen at once. With `replace` the screen that is left does not stay in the
 * history: nobody wants Back to lead to a ring that is over.
 */
export function go(path: string, how: "push" | "replace" = "push"): void {
	if (location.hash !== path) {
		if (how === "replace") history.replaceState(null, "", path);
		else history.pushState(null, "", path);
	}
	route.value = routeOf(path);
}
