import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Call } from "../call/call";
import { notify } from "../parts/notice";
import { sentenceOf } from "../parts/sentence";
import { Sheet } from "../parts/sheet";
import { words } from "../words";

// A finger on a slider tells a hundred values; the door needs the last.
const SETTLED_MS = 200;
// What a doorbell has until somebody changes it.
const AT_FIRST = 100;
const known = new Map<string, number>();

interface LoudnessSheetProps {
	call: Call;
	doorbell: string;
	name: string;
	onClose: () => void;
}

/** How loud this phone is at the door. */
export function LoudnessSheet({ call, doorbell, name, onClose }: LoudnessSheetProps) {
	const percent = useSignal(known.get(doorbell) ?? AT_FIRST);
	const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
	const { call: text, app } = words.value;
	const set = (next: number) => {
		percent.value = next;
		clearTimeout(timer.current);
		timer.current = setTimeout(() => {
			call
				.ask({ type: "volume", percent: next })
				.then(() => known.set(doorbell, next))
				.catch((error: unknown) => notify(sentenceOf(error, words.value), "bad"));
		}, SETTLED_MS);
	};
	return (
		<Sheet opener="loudness" label={text.loudnessAsk(name)} onClose={onClose}>
			<h2 class="sheet-title">{text.loudnessAsk(name)}</h2>
			<p class="sheet-text">{text.loudnessWhy}</p>
			<div class="loudness">
				<span>{text.quieter}</span>
				<input
					type="range"
					class="loudness-input"
					data-testid="loudness-input"
					min={0}
					max={100}
					step={5}
					value={percent.value}
					aria-label={text.loudness}
					aria-valuetext={`${percent.value} %`}
					style={{ "--share": `${percent.value}%` }}
					onInput={(event) => set(Number(event.currentTarget.value))}
				/>
				<span>{text.louder}</span>
			</div>
			<button type="button" class="pill quiet" onClick={onClose}>
				{app.close}
			</button>
		</Sheet>
	);
}
