/**
 * Wireless cards: the drivers of kernel-config/variants/wifi-drivers.config, and for each the newest firmware that it asks for. Files of a
 * maker are packed together, because versions for different cards are nearly the same: alone, Intel's would be three times as large.
 */

export interface Maker {
  /** Of the archive. */
  name: string;
  /** Of Debian. */
  package: string;
  /** Modules that ask for these files as soon as they are loaded. */
  modules: readonly string[];
  /** The drivers, and what they need that they do not name by a symbol: beginnings of paths below the kernel's directory of modules. */
  drivers: readonly string[];
  /** Below /usr/lib/firmware; similar ones side by side. */
  files: readonly string[];
}

const ucode = (...names: readonly string[]) => names.map(name => `iwlwifi-${name}.ucode`);
const pnvm = (...names: readonly string[]) => names.map(name => `iwlwifi-${name}.pnvm`);
const below = (directory: string, names: readonly string[]) => names.map(name => `${directory}/${name}`);

const wireless = (...names: readonly string[]) => names.map(name => `drivers/net/wireless/${name}/`);

/** Numbers of versions: drivers/net/wireless/intel/iwlwifi/cfg/, *_UCODE_API_MAX. */
const intel: Maker = {
  name: 'intel',
  package: 'firmware-iwlwifi',
  modules: ['iwlwifi'],
  drivers: wireless('intel'),
  files: [
    // Until 2012.
    ...ucode('1000-5', '100-5', '6000-4', '6050-5', '6000g2a-6', '6000g2b-6'),
    ...ucode('2000-6', '2030-6', '105-6', '135-6'),
    // Wireless-AC.
    ...ucode('3160-17', '7260-17', '7265-17', '7265D-29', '3168-29', '8000C-36', '8265-36'),
    ...ucode('9000-pu-b0-jf-b0-46', '9260-th-b0-jf-b0-46'),
    ...ucode('Qu-b0-jf-b0-77', 'Qu-c0-jf-b0-77', 'QuZ-a0-jf-b0-77', 'so-a0-jf-b0-77'),
    // AX200, AX201, AX203.
    ...ucode('Qu-b0-hr-b0-77', 'Qu-c0-hr-b0-77', 'QuZ-a0-hr-b0-77', 'cc-a0-77'),
    ...ucode('so-a0-hr-b0-89', 'ma-b0-hr-b0-89'),
    // AX210, AX211, AX411.
    ...ucode('ty-a0-gf-a0-89', 'so-a0-gf-a0-89', 'ma-b0-gf-a0-89', 'so-a0-gf4-a0-89', 'ma-b0-gf4-a0-89'),
    ...pnvm('ty-a0-gf-a0', 'so-a0-gf-a0', 'ma-b0-gf-a0', 'so-a0-gf4-a0', 'ma-b0-gf4-a0'),
    // BE200.
    ...ucode('gl-c0-fm-c0-92'),
    ...pnvm('gl-c0-fm-c0'),
  ],
};

/** QRTR and MHI are a bus on which the firmware of ath11k answers; "michael_mic" is asked for by name. */
const atheros = {
  package: 'firmware-atheros',
  drivers: [
    ...wireless('ath'),
    'crypto/michael_mic.ko',
    'drivers/bus/mhi/',
    'drivers/soc/qcom/',
    'net/qrtr/',
  ],
};

/** Atheros before 802.11ac (ath9k) needs none. */
const others: readonly Maker[] = [
  {
    ...atheros,
    name: 'ath10k',
    modules: ['ath10k_pci'],
    files: [
      ...below('ath10k/QCA6174/hw3.0', ['board-2.bin', 'board.bin', 'firmware-6.bin']),
      ...below('ath10k/QCA9377/hw1.0', ['board-2.bin', 'board.bin', 'firmware-5.bin', 'firmware-6.bin']),
    ],
  },
  {
    ...atheros,
    name: 'ath11k',
    modules: ['ath11k_pci'],
    files: [
      ...below('ath11k/QCA6390/hw2.0', ['amss.bin', 'board-2.bin', 'm3.bin']),
      ...below('ath11k/WCN6855/hw2.0', ['amss.bin', 'board-2.bin', 'm3.bin', 'regdb.bin']),
      // Links to those.
      ...below('ath11k/WCN6855/hw2.1', ['amss.bin', 'board-2.bin', 'm3.bin', 'regdb.bin']),
    ],
  },
  {
    name: 'rtw88',
    drivers: wireless('realtek'),
    package: 'firmware-realtek',
    modules: ['8723de', '8821ce', '8821cu', '8822be', '8822bu', '8822ce', '8822cu'].map(
      name => `rtw88_${name}`,
    ),
    files: below('rtw88', ['rtw8723d_fw.bin', 'rtw8821c_fw.bin', 'rtw8822b_fw.bin', 'rtw8822c_fw.bin', 'rtw8822c_wow_fw.bin']), // prettier-ignore
  },
  {
    name: 'rtw89',
    drivers: wireless('realtek'),
    package: 'firmware-realtek',
    modules: ['8851be', '8852ae', '8852be', '8852ce', '8922ae'].map(name => `rtw89_${name}`),
    // RTW*_FW_FORMAT_MAX
    files: below('rtw89', ['rtw8851b_fw.bin', 'rtw8852a_fw.bin', 'rtw8852b_fw-1.bin', 'rtw8852c_fw-1.bin', 'rtw8922a_fw-1.bin']), // prettier-ignore
  },
  {
    name: 'mediatek',
    drivers: wireless('mediatek'),
    package: 'firmware-mediatek',
    modules: ['mt7921e', 'mt7921u', 'mt7925e'],
    files: below('mediatek', [
      ...['WIFI_MT7961_patch_mcu_1_2_hdr.bin', 'WIFI_RAM_CODE_MT7961_1.bin'],
      ...['WIFI_MT7961_patch_mcu_1a_2_hdr.bin', 'WIFI_RAM_CODE_MT7961_1a.bin'],
      ...['WIFI_MT7922_patch_mcu_1_1_hdr.bin', 'WIFI_RAM_CODE_MT7922_1.bin'],
      ...['mt7925/WIFI_MT7925_PATCH_MCU_1_1_hdr.bin', 'mt7925/WIFI_RAM_CODE_MT7925_1_1.bin'],
    ]),
  },
  {
    name: 'broadcom',
    drivers: wireless('broadcom'),
    package: 'firmware-brcm80211',
    modules: ['brcmfmac'],
    files: [
      ...below('brcm', ['brcmfmac43602-pcie.bin', 'brcmfmac4350-pcie.bin', 'brcmfmac4350c2-pcie.bin']),
      ...below('brcm', ['brcmfmac4356-pcie.bin', 'brcmfmac4356-pcie.clm_blob', 'brcmfmac4371-pcie.bin']),
      // The link leads there.
      ...below('cypress', ['cyfmac4356-pcie.bin', 'cyfmac4356-pcie.clm_blob']),
    ],
  },
];

/** By variant (agent/variants.ts). */
export const makersOf = { wifi: [intel, ...others], 'wifi-intel': [intel] } as const;
export type FirmwareVariant = keyof typeof makersOf;

/** Lines of modprobe.d(5): the files are unpacked when a module is loaded that asks for them. */
export function modprobeLines(makers: readonly Maker[]): string {
  return makers
    .flatMap(({ name, modules }) =>
      modules.map(
        module =>
          `install ${module} /usr/lib/dabei/firmware ${name} && /usr/sbin/modprobe --ignore-install ${module} $CMDLINE_OPTS\n`,
      ),
    )
    .join('');
}
