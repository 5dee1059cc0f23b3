import {
  IconCpu,
  IconKey,
  IconLayoutDashboard,
  IconListDetails,
  IconMessages,
  type IconProps,
  IconSettings,
  IconWallet,
} from '@tabler/icons-react'
import type { LinkProps } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import type { TextKey } from '../i18n/i18n.ts'

export interface NavigationEntry {
  readonly to: NonNullable<LinkProps['to']>
  readonly title: TextKey
  readonly icon: ComponentType<IconProps>
  /** Shown to administrators only. The server decides what they may do. */
  readonly admin?: true
}

/** The screens, in the order of the menu: overview, keys, usage, models, playground, wallet, settings. */
export const NAVIGATION: readonly NavigationEntry[] = [
  { to: '/overview', title: 'overview.title', icon: IconLayoutDashboard },
  { to: '/keys', title: 'keys.title', icon: IconKey },
  { to: '/usage', title: 'usage.title', icon: IconListDetails },
  { to: '/models', title: 'models.title', icon: IconCpu },
  { to: '/playground', title: 'playground.title', icon: IconMessages },
  { to: '/wallet', title: 'wallet.title', icon: IconWallet },
  { to: '/settings', title: 'settings.title', icon: IconSettings },
]
