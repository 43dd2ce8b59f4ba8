import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Control } from './buttons.js';
import { useTexts } from './hooks.js';

interface ModalProps {
  readonly heading: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog: the browser keeps the focus in it, closes it at Escape and gives the focus back. */
export function Modal({ heading, onClose, children }: ModalProps) {
  const texts = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="modal"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{heading}</h2>
        <Control icon="close" label={texts.controls.close} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}
