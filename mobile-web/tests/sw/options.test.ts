import { describe, expect, it } from "vitest";
import { destinationOf, optionsOf } from "../../src/sw/options";
import { notice, RANG_MS } from "./notices";

describe("optionsOf", () => {
	it("makes a ring stay, sound, and offer two buttons", () => {
		const options = optionsOf({ show: notice("rang"), alert: true }, undefined);
		expect(options).toMatchObject({
			tag: "visit-visit-0001",
			silent: false,
			renotify: true,
			requireInteraction: true,
			timestamp: RANG_MS,
		});
		expect(options.actions?.map((each) => each.title)).toEqual(["Answer", "Quick reply"]);
	});

	it("puts the picture in when there is one", () => {
		const options = optionsOf({ show: notice("picture"), alert: false }, "/picture");
		expect(options).toMatchObject({ image: "/picture", silent: true, renotify: false });
		expect(optionsOf({ show: notice("rang"), alert: true }, undefined)).not.toHaveProperty("image");
	});

	it("takes the buttons away when the visit is settled", () => {
		const options = optionsOf({ show: notice("answered", 5), alert: false }, undefined);
		expect(options).not.toHaveProperty("actions");
		expect(options.requireInteraction).toBe(false);
	});

	it("speaks the notice's language", () => {
		const german = { ...notice("rang"), lang: "de" as const };
		const options = optionsOf({ show: german, alert: true }, undefined);
		expect(options.actions?.[0]?.title).toBe("Annehmen");
	});
});

describe("destinationOf", () => {
	it("answers in the call, for this visit", () => {
		const doorbell = "a".repeat(26);
		expect(destinationOf(notice("rang"), "answer")).toBe(`/#/call/${doorbell}?answers=visit-0001`);
	});

	it("leads a quick reply to the ring", () => {
		expect(destinationOf(notice("rang"), "reply")).toBe("/#/ring/visit-0001?reply");
	});

	it("leads a tap to where the server says", () => {
		expect(destinationOf(notice("rang"), "")).toBe("/#/ring/visit-0001");
	});
});
