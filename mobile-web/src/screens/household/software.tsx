import { useEffect } from "preact/hooks";
import type { Software } from "../../household/software";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import type { SoftwareView } from "../../protocol.gen";
import { words } from "../../words";
import { useAsking } from "./use-asking";

/** Which version runs, which is offered, and what became of the last one. */
export function SoftwarePage() {
	const { software } = useHousehold();
	const asking = useAsking();
	useEffect(() => {
		software.start();
	}, [software]);
	const view = software.view.value;
	const { software: text } = words.value;
	if (!view) {
		const { connecting } = words.value.household.line;
		return <p class="empty">{software.unknown.value ? text.troubles.off : connecting}</p>;
	}
	const under = ["downloading", "waiting", "installing"].includes(view.step);
	return (
		<>
			<Card icon="info">
				<p data-testid="software-runs">{text.runs(view.installed)}</p>
				<Outcome view={view} done={software.done.value} />
				{!under && view.enabled && !view.latest && !view.trouble && (
					<p class="hint">{text.newest}</p>
				)}
				{view.automatic && <p class="hint">{text.automatic}</p>}
				{view.enabled && !under && (
					<button
						type="button"
						class="pill quiet"
						data-testid="software-look"
						disabled={!asking.ready}
						onClick={() => void asking.run(() => software.look())}
					>
						{text.look}
					</button>
				)}
			</Card>
			{under && <Progress view={view} away={software.restarting.value} />}
			{view.latest && !under && <Offer view={view} software={software} asking={asking} />}
			{asking.fault.value && (
				<p class="hint bad wide" role="alert">
					{asking.fault.value}
				</p>
			)}
		</>
	);
}

/** What the last update came to. */
function Outcome({ view, done }: { view: SoftwareView; done: string }) {
	const { software: text } = words.value;
	if (done && !view.rolled_back) {
		return (
			<p class="banner good" role="status" data-testid="software-done">
				{text.done(done)}
			</p>
		);
	}
	if (!view.trouble) return null;
	const off = view.trouble === "off" || view.trouble === "keys";
	return (
		<div
			class={off ? "hint" : "banner bad"}
			role={off ? undefined : "alert"}
			data-testid="software-trouble"
			data-trouble={view.trouble}
		>
			<p>{view.rolled_back ? text.rolledBack(view.failed) : text.troubles[view.trouble]}</p>
			{!off && view.detail && <p class="hint">{view.detail}</p>}
		</div>
	);
}

/** `away`: the doorbell restarts, and cannot tell it. */
function Progress({ view, away }: { view: SoftwareView; away: boolean }) {
	const { software: text } = words.value;
	const percent = view.percent ?? 0;
	const step = away ? "installing" : view.step;
	return (
		<Card icon="rewind" title={text.version(view.latest || view.installed)}>
			<p role="status" data-testid="software-step" data-step={step}>
				{step === "downloading" && text.steps.downloading(String(percent))}
				{step === "waiting" && text.steps.waiting}
				{step === "installing" && text.steps.installing}
			</p>
			{step === "downloading" ? (
				<progress class="bar-of" max={100} value={percent} aria-label={text.title} />
			) : (
				<progress class="bar-of" aria-label={text.title} />
			)}
		</Card>
	);
}

interface OfferProps {
	view: SoftwareView;
	software: Software;
	asking: ReturnType<typeof useAsking>;
}

function Offer({ view, software, asking }: OfferProps) {
	const { software: text } = words.value;
	return (
		<Card icon="check" title={text.offered(view.latest)}>
			{view.notes && (
				<>
					<h3 class="hint notes-title">{text.notes}</h3>
					<p class="notes" data-testid="software-notes">
						{view.notes}
					</p>
				</>
			)}
			<p class="hint">{text.what}</p>
			<button
				type="button"
				class="pill primary wide"
				data-testid="software-install"
				disabled={!asking.ready}
				onClick={() => void asking.run(() => software.install())}
			>
				{text.install}
			</button>
		</Card>
	);
}
