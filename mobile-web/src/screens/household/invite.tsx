import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
	type AccessDraft,
	accessOf,
	isFault,
	PRESETS,
	type Preset,
	presetDraft,
} from "../../household/access";
import { codeState } from "../../household/code";
import { timesLine } from "../../household/describe";
import { faultLine } from "../../household/tell";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { locale, words } from "../../words";
import { RightsCard, TimesCard } from "./access-form";
import { CodeCard, UsedCard } from "./invite-code";
import { useAsking } from "./use-asking";

const TICK_MS = 1_000;

/** Let one more phone in: what it may do, then the code that it scans. */
export function InvitePage() {
	const { desk, code } = useHousehold();
	const nowMs = useSignal(Date.now());
	useEffect(() => {
		const timer = setInterval(() => {
			nowMs.value = Date.now();
		}, TICK_MS);
		return () => clearInterval(timer);
	}, []);
	// What is left was true when it was told.
	const told = useComputed(() => ({ view: desk.view.value, atMs: Date.now() }));
	const { view, atMs } = told.value;
	if (!view) return null;
	const state = codeState(code.value, view, atMs, nowMs.value);
	const open = code.value;
	if (open && state.is === "open") {
		return <CodeCard code={open} tries={view.invitation?.tries_left} nowMs={nowMs.value} />;
	}
	if (open && state.is === "used") return <UsedCard by={state.by} />;
	return <Compose state={state.is} />;
}

function Compose({ state }: { state: ReturnType<typeof codeState>["is"] }) {
	const { desk, code, now } = useHousehold();
	const { household: text } = words.value;
	const preset = useSignal<Preset>("guest");
	const typed = useSignal<AccessDraft | null>(null);
	const asking = useAsking();
	const draft = typed.value ?? presetDraft(preset.value, now());
	const make = async () => {
		const access = accessOf(draft, now());
		if (isFault(access)) {
			asking.fault.value = faultLine(access, draft, words.value);
			return;
		}
		await asking.run(async () => {
			const known = new Set(desk.view.value?.members.map(({ phone }) => phone.id));
			const invited = await desk.ask({ type: "invite", access });
			if (invited.type !== "invited") return;
			const endsAtMs = Date.now() + invited.valid_s * 1000;
			// The household that knows of the code, before the code is looked for in it.
			await desk.ask({ type: "show" });
			code.value = { link: invited.link, endsAtMs, known };
		});
	};
	const note = noteOf(state);
	return (
		<>
			{note && (
				<p class="banner wide" role="status" data-testid="invite-note">
					{note}
				</p>
			)}
			<div class="column">
				<PresetCard
					preset={preset.value}
					draft={draft}
					changed={typed.value !== null}
					onChoose={(next) => {
						preset.value = next;
						typed.value = null;
						asking.fault.value = "";
					}}
					onChange={() => (typed.value = draft)}
				/>
				{typed.value && <RightsCard draft={draft} onChange={(next) => (typed.value = next)} />}
			</div>
			{typed.value && (
				<div class="column">
					<TimesCard draft={draft} onChange={(next) => (typed.value = next)} />
				</div>
			)}
			<div class="go wide">
				{asking.fault.value && (
					<p class="hint bad" role="alert" data-testid="invite-fault">
						{asking.fault.value}
					</p>
				)}
				<button
					type="button"
					class="pill primary wide"
					data-testid="make-code"
					disabled={!asking.ready}
					onClick={() => void make()}
				>
					{text.invite.make}
				</button>
			</div>
		</>
	);
}

function noteOf(state: ReturnType<typeof codeState>["is"]): string | undefined {
	const { invite } = words.value.household;
	if (state === "expired" || state === "void" || state === "elsewhere") return invite[state];
	return undefined;
}

interface PresetProps {
	preset: Preset;
	draft: AccessDraft;
	changed: boolean;
	onChoose: (preset: Preset) => void;
	onChange: () => void;
}

function PresetCard({ preset, draft, changed, onChoose, onChange }: PresetProps) {
	const { now } = useHousehold();
	const { invite } = words.value.household;
	const access = accessOf(draft, now());
	const times = isFault(access) ? "" : timesLine(access, now(), words.value, locale.value);
	return (
		<Card icon="phone" title={invite.who}>
			<div class="kinds" role="radiogroup" aria-label={invite.who}>
				{PRESETS.map((each) => (
					<label key={each} class="choice tall">
						<input
							type="radio"
							name="preset"
							data-testid={`preset-${each}`}
							checked={preset === each && !changed}
							onChange={() => onChoose(each)}
						/>
						<span>
							{invite.presets[each]}
							<small>{invite.presetMeanings[each]}</small>
						</span>
					</label>
				))}
			</div>
			{!changed && (
				<>
					{times && <p class="hint">{times}</p>}
					<button type="button" class="pill quiet" data-testid="change-access" onClick={onChange}>
						<Icon name="settings" />
						{invite.change}
					</button>
				</>
			)}
		</Card>
	);
}
