import type { ReadonlySignal } from "@preact/signals";
import type { RefObject } from "preact";
import { Icon } from "../parts/icons";
import { notify } from "../parts/notice";
import type { Rewind } from "../parts/rewind";
import type { ActiveCall } from "../session";
import { locale, words } from "../words";
import type { StageHandle } from "./stage";

const ZOOM_SHOWN = 1.05;

interface PictureToolsProps {
	active: ActiveCall;
	name: string;
	zoom: ReadonlySignal<number>;
	stage: RefObject<StageHandle | null>;
	rewind: Rewind;
}

/** What is done with the picture stands beside it: keep it, look back, see all of it again. */
export function PictureTools({ active, name, zoom, stage, rewind }: PictureToolsProps) {
	const { call: text, rewind: back } = words.value;
	const connected = active.model.value.phase === "live";
	const times = zoom.value.toLocaleString(locale.value, { maximumFractionDigits: 1 });
	return (
		<div class="picture-tools">
			{zoom.value > ZOOM_SHOWN && (
				<button
					type="button"
					class="round on-picture zoom-chip"
					data-testid="zoom-reset"
					aria-label={text.zoomReset(times)}
					onClick={() => stage.current?.reset()}
				>
					{times}×
				</button>
			)}
			<button
				type="button"
				class="round on-picture"
				data-testid="look-back"
				aria-label={back.open}
				title={back.open}
				disabled={!connected}
				onClick={() => {
					stage.current?.reset();
					void rewind.start(active.call);
				}}
			>
				<Icon name="rewind" />
			</button>
			<button
				type="button"
				class="round on-picture"
				data-testid="save-picture"
				aria-label={text.snapshot}
				title={text.snapshot}
				onClick={() => void save(stage.current, name)}
			>
				<Icon name="camera" />
			</button>
		</div>
	);
}

/** The frame of this moment; what happens after the tap is not in it. */
async function save(stage: StageHandle | null, name: string): Promise<void> {
	const tappedAt = new Date();
	const picture = await stage?.snap();
	if (!picture) {
		notify(words.value.home.noPicture, "bad");
		return;
	}
	const link = document.createElement("a");
	link.href = URL.createObjectURL(picture);
	link.download = `${name} ${stamp(tappedAt)}.jpg`;
	link.click();
	URL.revokeObjectURL(link.href);
}

/** "2025-11-23 17-04-31" by the phone's own clock: sorts well, and every file system takes it. */
function stamp(at: Date): string {
	const two = (value: number) => String(value).padStart(2, "0");
	const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
	return `${day} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join("-")}`;
}
