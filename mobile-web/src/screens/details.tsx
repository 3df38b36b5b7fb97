import type { CallModel } from "../call/state";
import type { Vitals } from "../call/vitals";
import { Sheet } from "../parts/sheet";
import type { Phase, Trace } from "../protocol.gen";
import type { ActiveCall } from "../session";
import { locale, type Words, words } from "../words";

const STEPS: readonly Phase["name"][] = ["signal", "gather", "ice", "dtls", "keyframe", "frame"];
const MEGABIT = 1_000_000;

interface DetailsProps {
	active: ActiveCall;
	onClose: () => void;
}

/** How the picture arrives now, and how the call began: facts for whoever asks why. */
export function Details({ active, onClose }: DetailsProps) {
	const { details: text, app } = words.value;
	const model = active.model.value;
	const vitals = active.vitals.value;
	return (
		<Sheet class="details" opener="details-open" label={text.title} onClose={onClose}>
			<div class="details-body" data-testid="details">
				<h2 class="sheet-title">{text.title}</h2>
				<p class="sheet-text" data-testid="details-why">
					{text.why[model.why]} {model.pace !== "full" && text.paces[model.pace]}
				</p>
				<dl class="facts">
					{factsOf(model, vitals, words.value).map(({ hook, name, value, more }) => (
						<div class="fact" key={hook} data-testid={`details-${hook}`}>
							<dt>{name}</dt>
							<dd>
								{value}
								{more && <small>{more}</small>}
							</dd>
						</div>
					))}
				</dl>
				<Start trace={active.trace.value} />
			</div>
			<button type="button" class="pill quiet" data-testid="details-close" onClick={onClose}>
				{app.close}
			</button>
		</Sheet>
	);
}

interface Fact {
	hook: string;
	name: string;
	value: string;
	more?: string;
}

/** The numbers in words; what is not known yet is a dash. */
export function factsOf(
	model: CallModel,
	vitals: Vitals | null,
	{ details: text }: Words,
): readonly Fact[] {
	const known = (of: (vitals: Vitals) => string | null) => (vitals && of(vitals)) ?? text.waiting;
	const size = vitals && vitals.width > 0 ? text.size(vitals.width, vitals.height) : "";
	const pictures = vitals ? text.perSecond(Math.round(vitals.fps)) : "";
	return [
		{
			hook: "layer",
			name: text.picture,
			value: text.layers[model.layer],
			more: [size, pictures].filter(Boolean).join(" · "),
		},
		{ hook: "rate", name: text.rate, value: known((now) => rate(now.bitsPerSecond, text)) },
		{
			hook: "round-trip",
			name: text.roundTrip,
			value: known(({ roundTripMs }) =>
				roundTripMs === null ? null : text.ms(Math.round(roundTripMs)),
			),
		},
		{
			hook: "loss",
			name: text.loss,
			value: known(({ loss }) => text.percent(decimal(loss * 100, 1))),
		},
		{
			hook: "jitter",
			name: text.jitter,
			value: known(({ jitterMs }) => text.ms(Math.round(jitterMs))),
		},
		{ hook: "path", name: text.way, value: known(({ path }) => path && text.ways[path]) },
	];
}

function rate(bitsPerSecond: number, text: Words["details"]): string {
	return bitsPerSecond < MEGABIT
		? text.kilobits(decimal(bitsPerSecond / 1000, 0))
		: text.megabits(decimal(bitsPerSecond / MEGABIT, 1));
}

function decimal(value: number, digits: number): string {
	return new Intl.NumberFormat(locale.value, {
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	}).format(value);
}

/** From the tap to the picture, step by step, as both ends saw it. */
function Start({ trace }: { trace: Trace | null }) {
	const { details: text } = words.value;
	if (!trace) return <h3 class="start-title">{text.startUnknown}</h3>;
	const total = msOf(trace.phone, "total") ?? 0;
	const steps = STEPS.filter(
		(name) => msOf(trace.phone, name) !== null || msOf(trace.doorbell, name) !== null,
	);
	return (
		<>
			<h3 class="start-title" data-testid="details-start">
				{text.start(decimal(total / 1000, 2))}
			</h3>
			<div class="start-bar" aria-hidden="true">
				{trace.phone
					.filter(({ name, ms }) => name !== "total" && ms > 0)
					.map(({ name, ms }) => (
						<span key={name} class={`start-step ${name}`} style={{ flexGrow: ms }} />
					))}
			</div>
			<table class="start-table">
				<thead>
					<tr>
						<th scope="col">{text.step}</th>
						<th scope="col">{text.phone}</th>
						<th scope="col">{text.door}</th>
					</tr>
				</thead>
				<tbody>
					{steps.map((name) => (
						<tr key={name} data-testid={`phase-${name}`}>
							<th scope="row">
								<span class={`start-dot ${name}`} aria-hidden="true" />
								{text.phases[name]}
							</th>
							<td>{shownMs(msOf(trace.phone, name), text)}</td>
							<td>{shownMs(msOf(trace.doorbell, name), text)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</>
	);
}

function msOf(phases: readonly Phase[], name: Phase["name"]): number | null {
	return phases.find((phase) => phase.name === name)?.ms ?? null;
}

function shownMs(ms: number | null, text: Words["details"]): string {
	return ms === null ? "" : text.ms(ms);
}
