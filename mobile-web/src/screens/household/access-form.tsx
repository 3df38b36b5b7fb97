import {
	type AccessDraft,
	localText,
	RIGHTS,
	type Right,
	WINDOWS_LIMIT,
	type WindowDraft,
} from "../../household/access";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { Switch } from "../../parts/switch";
import { words } from "../../words";
import { HoursField } from "./hours-field";

const DAY_MS = 24 * 60 * 60_000;
const MORNINGS: WindowDraft = { days: [0, 1, 2, 3, 4], from: "08:00", to: "12:00" };

interface AccessProps {
	draft: AccessDraft;
	onChange: (draft: AccessDraft) => void;
}

/** What a phone may do: one switch for each right. */
export function RightsCard({ draft, onChange }: AccessProps) {
	const { household: text } = words.value;
	const turn = (right: Right, on: boolean) => {
		const rights = RIGHTS.filter((each) => (each === right ? on : draft.rights.includes(each)));
		onChange({ ...draft, rights });
	};
	return (
		<Card icon="check" title={text.phone.may}>
			<div class="switches">
				{RIGHTS.map((right) => (
					<Switch
						key={right}
						hook={`right-${right}`}
						label={text.rightNames[right]}
						hint={text.rightMeanings[right]}
						on={draft.rights.includes(right)}
						onChange={(on) => turn(right, on)}
					/>
				))}
			</div>
		</Card>
	);
}

/** When it may: until a day, at some hours of the week, or always. */
export function TimesCard({ draft, onChange }: AccessProps) {
	const { household: text } = words.value;
	const { access } = text;
	const change = (index: number, next: WindowDraft | undefined) => {
		const windows = draft.windows.flatMap((window, at) =>
			at === index ? (next ? [next] : []) : [window],
		);
		onChange({ ...draft, windows });
	};
	const more = () => onChange({ ...draft, windows: [...draft.windows, MORNINGS] });
	return (
		<Card icon="clock" title={text.phone.times}>
			<UntilField
				label={access.until}
				until={draft.until}
				onChange={(until) => onChange({ ...draft, until })}
			/>
			<Switch
				hook="hours"
				label={access.hours}
				hint={access.hoursHint}
				on={draft.windows.length > 0}
				onChange={(on) => onChange({ ...draft, windows: on ? [MORNINGS] : [] })}
			/>
			{draft.windows.map((window, index) => (
				<HoursField
					// Windows have no name; their place is all that tells them apart.
					key={String(index)}
					window={window}
					onChange={(next) => change(index, next)}
				/>
			))}
			{draft.windows.length > 0 && draft.windows.length < WINDOWS_LIMIT && (
				<button type="button" class="pill quiet" data-testid="add-hours" onClick={more}>
					{access.add}
				</button>
			)}
		</Card>
	);
}

interface UntilProps {
	label: string;
	until: string;
	onChange: (until: string) => void;
}

/** An end, or none. */
export function UntilField({ label, until, onChange }: UntilProps) {
	const { now } = useHousehold();
	const { access } = words.value.household;
	return (
		<>
			<Switch
				hook="until"
				label={label}
				on={until !== ""}
				onChange={(on) => onChange(on ? localText(now() + 7 * DAY_MS) : "")}
			/>
			{until !== "" && (
				<label class="field">
					<span>{access.untilWhen}</span>
					<input
						type="datetime-local"
						data-testid="until-when"
						value={until}
						// Half a date is none; the switch says "always".
						onInput={({ currentTarget: { value } }) => value && onChange(value)}
					/>
				</label>
			)}
		</>
	);
}
