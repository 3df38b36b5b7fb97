import { signal } from "@preact/signals";

const SHOWN_MS = 4_500;

const current = signal<{ text: string; kind: "good" | "bad" } | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Say one sentence at the foot of the screen, also to screen readers. */
export function notify(text: string, kind: "good" | "bad" = "good"): void {
	current.value = { text, kind };
	clearTimeout(timer);
	timer = setTimeout(() => {
		current.value = null;
	}, SHOWN_MS);
}

export function Notice() {
	const notice = current.value;
	return (
		<div class="notice-place" role="status" aria-live="polite">
			{notice && <p class={`notice ${notice.kind}`}>{notice.text}</p>}
		</div>
	);
}
