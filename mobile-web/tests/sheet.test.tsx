import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sheet } from "../src/parts/sheet";

let place: HTMLElement;

function show(open: boolean, close: () => void = () => undefined): Promise<void> {
	return act(() =>
		render(
			open ? (
				<Sheet opener="opener" label="Question" onClose={close}>
					<button type="button">Yes</button>
				</Sheet>
			) : (
				<button type="button" data-testid="opener">
					Ask
				</button>
			),
			place,
		),
	);
}

beforeEach(() => {
	vi.useFakeTimers();
	place = document.createElement("div");
	document.body.append(place);
});

afterEach(() => {
	render(null, place);
	place.remove();
	vi.useRealTimers();
});

describe("a sheet", () => {
	it("takes the focus, and gives it back to its opener", async () => {
		await show(false);
		place.querySelector("button")?.focus();
		expect(document.activeElement?.getAttribute("data-testid")).toBe("opener");
		await show(true);
		expect(document.activeElement?.getAttribute("aria-label")).toBe("Question");
		await show(false);
		vi.runAllTimers();
		expect(document.activeElement?.getAttribute("data-testid")).toBe("opener");
	});

	it("closes with Escape, and with nothing else", async () => {
		const close = vi.fn();
		await show(true, close);
		const sheet = place.querySelector("section");
		sheet?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
		expect(close).not.toHaveBeenCalled();
		sheet?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
		expect(close).toHaveBeenCalledOnce();
	});
});
