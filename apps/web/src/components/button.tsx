import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps, ReactNode } from 'react';
import { classNames } from './class-names.ts';

const button = cva(
  'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-box border font-medium text-body transition-colors disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary:
          'border-transparent bg-accent text-accent-ink hover:enabled:bg-accent-strong [a&]:hover:bg-accent-strong',
        plain: 'border-line-strong bg-surface text-ink hover:enabled:bg-hover [a&]:hover:bg-hover',
        quiet:
          'border-transparent bg-transparent text-ink-soft hover:enabled:bg-hover hover:enabled:text-ink [a&]:hover:bg-hover [a&]:hover:text-ink',
        danger: 'border-transparent bg-deny-solid text-deny-solid-ink hover:enabled:opacity-90',
        dangerPlain: 'border-line-strong bg-surface text-deny hover:enabled:bg-deny-tint',
      },
      size: {
        // On a phone every button is at least 40 px, a thumb’s width.
        small: 'h-7 px-2 text-small max-sm:min-h-10 max-sm:px-3',
        normal: 'h-8 px-3 max-sm:min-h-10',
        large: 'h-12 px-4 text-large',
        icon: 'size-8 p-0 max-sm:min-h-10 max-sm:min-w-10',
        iconSmall: 'size-7 p-0 max-sm:min-h-10 max-sm:min-w-10',
      },
    },
    defaultVariants: { look: 'plain', size: 'normal' },
  },
);

export interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof button> {
  /** Draws its one child (a link) as a button. */
  readonly asChild?: boolean;
  /** Work is under way: the button waits and says so. */
  readonly busy?: boolean;
  readonly icon?: ReactNode;
}

export function Button({
  asChild,
  look,
  size,
  busy = false,
  icon,
  className,
  children,
  disabled,
  type,
  ...rest
}: ButtonProps) {
  const classes = classNames(button({ look, size }), className);
  if (asChild === true) {
    return (
      <Slot.Root className={classes} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button type={type ?? 'button'} className={classes} disabled={disabled === true || busy} aria-busy={busy} {...rest}>
      {busy ? <BusyMark /> : icon}
      {children}
    </button>
  );
}

/** A ring that turns; stands still when the system asks for no motion. */
function BusyMark() {
  return (
    <span
      aria-hidden="true"
      className="size-3.5 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  );
}
