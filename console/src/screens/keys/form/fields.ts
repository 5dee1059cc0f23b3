import type { UseFormReturnType } from '@mantine/form'
import type { KeyForm } from './key-form.ts'

/** What each part of the form gets. */
export interface FieldsProps {
  readonly form: UseFormReturnType<KeyForm>
}
