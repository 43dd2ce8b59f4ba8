import type { ComponentChildren } from 'preact';
import { classes } from './hooks.js';
import { Icon, type IconName } from './icons.js';

interface ControlProps {
  readonly id?: string;
  readonly icon: IconName;
  /** The button's name: what it does. */
  readonly label: string;
  /** One word below the icon where there is room. */
  readonly short?: string | undefined;
  readonly tone?: 'plain' | 'off' | 'active' | 'danger' | undefined;
  readonly expanded?: boolean | undefined;
  readonly badge?: number | undefined;
  readonly onClick: () => void;
}

/** One of the round buttons. */
export function Control({ id, icon, label, short, tone = 'plain', expanded, badge, onClick }: ControlProps) {
  return (
    <button
      id={id}
      type="button"
      class={classes('control', tone)}
      aria-label={label}
      title={label}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <span class="disc">
        <Icon name={icon} />
        {badge !== undefined && badge > 0 && (
          <span class="badge" aria-hidden="true">
            {badge}
          </span>
        )}
      </span>
      {short !== undefined && (
        <span class="short" aria-hidden="true">
          {short}
        </span>
      )}
    </button>
  );
}

interface ButtonProps {
  readonly icon?: IconName;
  readonly kind?: 'primary' | 'secondary' | 'danger';
  readonly label?: string;
  readonly type?: 'button' | 'submit';
  readonly busy?: boolean;
  readonly onClick?: () => void;
  readonly children?: ComponentChildren;
}

/** A button with words. `label`: its whole name, where the words on it are short. */
export function Button({ icon, kind = 'secondary', label, type = 'button', busy = false, onClick, children }: ButtonProps) {
  return (
    <button
      type={type}
      class={classes('button', kind)}
      aria-label={label}
      title={label}
      aria-disabled={busy || undefined}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}
