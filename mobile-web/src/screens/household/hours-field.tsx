import { endsNextDay, spanOf, type WindowDraft } from "../../household/access";
import { dayName } from "../../household/describe";
import { Icon } from "../../parts/icons";
import { locale, words } from "../../words";

const WEEK: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

interface HoursProps {
	window: WindowDraft;
	/** Undefined removes it. */
	onChange: (next: WindowDraft | undefined) => void;
}

/** Hours of some days of the week. */
export function HoursField({ window, onChange }: HoursProps) {
	const { access } = words.value.household;
	const span = spanOf(window);
	const turn = (day: number, on: boolean) =>
		onChange({
			...window,
			days: WEEK.filter((each) => (each === day ? on : window.days.includes(each))),
		});
	return (
		<fieldset class="hours" data-testid="hours-field" aria-label={span}>
			<div class="days">
				{WEEK.map((day) => (
					<label key={day} class="day">
						<input
							type="checkbox"
							class="unseen"
							data-testid={`day-${day}`}
							aria-label={dayName(day, locale.value, "long")}
							checked={window.days.includes(day)}
							onChange={(event) => turn(day, event.currentTarget.checked)}
						/>
						<span aria-hidden="true">{dayName(day, locale.value).slice(0, 2)}</span>
					</label>
				))}
			</div>
			<div class="span">
				<TimeField
					label={access.from}
					hook="from"
					value={window.from}
					onChange={(from) => onChange({ ...window, from })}
				/>
				<TimeField
					label={access.to}
					hook="to"
					value={window.to}
					onChange={(to) => onChange({ ...window, to })}
				/>
				<button
					type="button"
					class="round"
					data-testid="remove-hours"
					aria-label={access.removeHours(span)}
					onClick={() => onChange(undefined)}
				>
					<Icon name="trash" />
				</button>
			</div>
			{endsNextDay(window) && <p class="hint">{access.nextDay}</p>}
		</fieldset>
	);
}

interface TimeProps {
	label: string;
	hook: string;
	value: string;
	onChange: (value: string) => void;
}

function TimeField({ label, hook, value, onChange }: TimeProps) {
	return (
		<label class="field">
			<span>{label}</span>
			<input
				type="time"
				data-testid={hook}
				value={value}
				onInput={(event) => onChange(event.currentTarget.value)}
			/>
		</label>
	);
}
