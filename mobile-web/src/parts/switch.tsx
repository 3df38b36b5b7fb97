interface SwitchProps {
	label: string;
	/** What it means, in one line. */
	hint?: string;
	on: boolean;
	disabled?: boolean;
	hook: string;
	onChange: (on: boolean) => void;
}

/** A thing that is on or off, with what it means. */
export function Switch({ label, hint, on, disabled = false, hook, onChange }: SwitchProps) {
	return (
		<label class="switch">
			<span class="switch-words">
				<span class="switch-label">{label}</span>
				{hint && <small>{hint}</small>}
			</span>
			<input
				type="checkbox"
				role="switch"
				data-testid={hook}
				checked={on}
				aria-checked={on}
				disabled={disabled}
				onChange={(event) => {
					const { checked } = event.currentTarget;
					// What is shown is what is known; whoever changes it draws it anew.
					event.currentTarget.checked = on;
					onChange(checked);
				}}
			/>
		</label>
	);
}
