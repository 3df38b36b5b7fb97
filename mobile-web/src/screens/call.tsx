import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CallModel } from "../call/state";
import { AuditWarning } from "../parts/audit-warning";
import { Icon } from "../parts/icons";
import { lampOf, lineOf } from "../parts/line";
import type { Rewind } from "../parts/rewind";
import { sentenceOfEnd } from "../parts/sentence";
import { useSession } from "../parts/session";
import { useWakeLock } from "../parts/wake-lock";
import type { Doorbell } from "../protocol.gen";
import { go, paths } from "../router";
import type { ActiveCall } from "../session";
import { words } from "../words";
import { Controls, type OpenSheet } from "./controls";
import { PictureTools } from "./picture-tools";
import { RewindPanel } from "./rewind";
import type { StageHandle } from "./stage";

// A recovery is told for as long as it takes to look up.
const NEWS_MS = 8_000;

interface CallPanelProps {
	active: ActiveCall;
	doorbell: Doorbell | undefined;
	name: string;
	whole: Signal<boolean>;
	muted: Signal<boolean>;
	/** How many times the picture is enlarged on the screen. */
	zoom: ReadonlySignal<number>;
	stage: RefObject<StageHandle | null>;
	rewind: Rewind;
	/** When it rang in the visit that the call belongs to. */
	rangMs: number | null;
	over: boolean;
}

/** Everything that lies on the live picture: the line of truth above, the controls below. */
export function CallPanel(props: CallPanelProps) {
	const { active, doorbell, name, whole, muted, zoom, stage, rewind, rangMs, over } = props;
	const session = useSession();
	const sheet = useSignal<OpenSheet>("none");
	const model = active.model.value;
	const { call: text } = words.value;
	const fresh = useNews(model.why === "recovered");
	useWakeLock(!over);
	const leave = () => {
		session.hangUp();
		go(paths.home, "replace");
	};
	useEffect(() => {
		if (model.end?.why === "hung_up") leave();
	}, [model.end]);
	return (
		<div class="call">
			<header class="door-top">
				<button
					type="button"
					class="round on-picture"
					aria-label={words.value.app.back}
					onClick={leave}
				>
					<Icon name="back" />
				</button>
				<div class="door-title">
					<h1 class="door-name">{name}</h1>
					<p class="door-line">
						<span class={`lamp ${lampOf(model)}`} />
						<span
							data-testid="call-state"
							data-phase={model.phase}
							role="status"
							aria-live="polite"
						>
							{lineOf(model, words.value, fresh)}
						</span>
						{!over && <DetailsButton sheet={sheet} />}
					</p>
					<Others model={model} talking={active.talking.value} />
				</div>
				<button
					type="button"
					class="round on-picture"
					aria-label={whole.value ? text.fill : text.fit}
					aria-pressed={whole.value}
					onClick={() => {
						whole.value = !whole.value;
					}}
				>
					<Icon name={whole.value ? "fit" : "fill"} />
				</button>
			</header>
			<AuditWarning doorbell={active.doorbell} />
			{over ? (
				<Ended active={active} onLeave={leave} />
			) : (
				<>
					{rewind.open.value ? (
						<RewindPanel rewind={rewind} rangMs={rangMs} onClose={() => rewind.close()} />
					) : (
						sheet.value === "none" && (
							<PictureTools active={active} name={name} zoom={zoom} stage={stage} rewind={rewind} />
						)
					)}
					<Controls
						active={active}
						doorbell={doorbell}
						name={name}
						muted={muted}
						sheet={sheet}
						few={rewind.open.value}
						onLeave={leave}
					/>
				</>
			)}
		</div>
	);
}

/** Who else sees and hears this; first of all, whether this phone is heard. */
function Others({ model, talking: heard }: { model: CallModel; talking: boolean }) {
	const { call } = words.value;
	if (model.phase === "reconnecting") return <p class="door-others">{call.lastPicture}</p>;
	if (heard) return <p class="door-others">{call.talking}</p>;
	// Without a connection nobody knows who else is there.
	if (model.phase !== "live" || model.others.length === 0) return null;
	const talking = model.others.find((other) => other.talking);
	const names = model.others.map(({ name }) => name).join(", ");
	return (
		<p class="door-others">{talking ? call.talkingOther(talking.name) : call.withOthers(names)}</p>
	);
}

function Ended({ active, onLeave }: { active: ActiveCall; onLeave: () => void }) {
	const session = useSession();
	const { call: text, app } = words.value;
	const { end } = active.model.value;
	// Another try would only be another chance for whoever pretends.
	const hopeless = end?.why === "impostor" || end?.why === "stranger" || end?.why === "forgotten";
	const again = () => {
		performance.mark("doorstep:tap");
		session.call(active.doorbell, active.answers);
	};
	return (
		<footer class="call-controls ended">
			<section class="sheet">
				<p class="sheet-text" role="alert" data-testid="call-end" data-why={end?.why}>
					{end && sentenceOfEnd(end, words.value)}
				</p>
				{!hopeless && (
					<button type="button" class="pill primary" onClick={again}>
						{text.again}
					</button>
				)}
				<button type="button" class={hopeless ? "pill primary" : "pill quiet"} onClick={onLeave}>
					{app.home}
				</button>
			</section>
		</footer>
	);
}

function DetailsButton({ sheet }: { sheet: Signal<OpenSheet> }) {
	return (
		<button
			type="button"
			class="details-open"
			data-testid="details-open"
			aria-label={words.value.details.open}
			aria-expanded={sheet.value === "details"}
			onClick={() => {
				sheet.value = sheet.value === "details" ? "none" : "details";
			}}
		>
			<Icon name="info" />
		</button>
	);
}

/** Whether something has come true only just now. */
function useNews(is: boolean): boolean {
	const [fresh, setFresh] = useState(false);
	useEffect(() => {
		setFresh(is);
		if (!is) return;
		const timer = setTimeout(() => setFresh(false), NEWS_MS);
		return () => clearTimeout(timer);
	}, [is]);
	return fresh;
}
