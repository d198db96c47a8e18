/**
 * What is said of files, in the languages of strings.js; here, so that who attaches nothing loads none of it.
 * Keys that are codes of the desk's problems say what to do about these.
 *
 * @typedef {typeof en} Words
 */

const en = {
  attach: 'Attach files',
  to_send: 'Files to send',
  drop: 'Drop the files here',
  uploading: 'Uploading {name}',
  attached: '{name} is attached.',
  save: 'Save {name}',
  close_picture: 'Close the picture',
  gone: 'This file is no longer here.',
  many: 'A message takes {count} files at most.',
  empty: '{name} is empty.',
  too_large: '{name} is too large. At most {size} can be sent.',
  too_large_there: 'This file is too large.',
  off: 'Files cannot be sent here.',
  files_off: 'Files cannot be sent here.',
  unsupported_media_type: 'Files of this kind cannot be sent. A picture or a PDF can.',
  file_refused: 'This file cannot be sent: it is damaged, or not safe.',
  conversation_full: 'No more files fit into this conversation.',
  file_unchecked: 'This file cannot be checked just now. Please try again later.',
  too_many_requests: 'No more files can be taken today. Please try again tomorrow.',
  failed: 'This file could not be sent.',
};

/** @type {Words} */
const de = {
  attach: 'Dateien anhängen',
  to_send: 'Dateien zum Senden',
  drop: 'Dateien hier ablegen',
  uploading: '{name} wird hochgeladen',
  attached: '{name} ist angehängt.',
  save: '{name} speichern',
  close_picture: 'Bild schließen',
  gone: 'Diese Datei ist nicht mehr da.',
  many: 'Eine Nachricht kann höchstens {count} Dateien haben.',
  empty: '{name} ist leer.',
  too_large: '{name} ist zu groß. Höchstens {size} sind möglich.',
  too_large_there: 'Diese Datei ist zu groß.',
  off: 'Hier können keine Dateien gesendet werden.',
  files_off: 'Hier können keine Dateien gesendet werden.',
  unsupported_media_type: 'Dateien dieser Art können nicht gesendet werden. Ein Bild oder PDF geht.',
  file_refused: 'Diese Datei kann nicht gesendet werden: Sie ist beschädigt oder nicht sicher.',
  conversation_full: 'In diese Unterhaltung passen keine weiteren Dateien.',
  file_unchecked: 'Diese Datei kann gerade nicht geprüft werden. Bitte versuchen Sie es später noch einmal.',
  too_many_requests: 'Heute können keine weiteren Dateien angenommen werden. Bitte versuchen Sie es morgen noch einmal.',
  failed: 'Diese Datei konnte nicht gesendet werden.',
};

/** @type {Words} */
const fr = {
  attach: 'Joindre des fichiers',
  to_send: 'Fichiers à envoyer',
  drop: 'Déposez les fichiers ici',
  uploading: 'Envoi de {name}',
  attached: '{name} est joint.',
  save: 'Enregistrer {name}',
  close_picture: 'Fermer l’image',
  gone: 'Ce fichier n’est plus disponible.',
  many: 'Un message accepte {count} fichiers au maximum.',
  empty: '{name} est vide.',
  too_large: '{name} est trop volumineux. {size} au maximum.',
  too_large_there: 'Ce fichier est trop volumineux.',
  off: 'L’envoi de fichiers n’est pas possible ici.',
  files_off: 'L’envoi de fichiers n’est pas possible ici.',
  unsupported_media_type: 'Ce type de fichier ne peut pas être envoyé. Une image ou un PDF, oui.',
  file_refused: 'Ce fichier ne peut pas être envoyé : il est endommagé ou n’est pas sûr.',
  conversation_full: 'Cette conversation ne peut plus recevoir de fichiers.',
  file_unchecked: 'Ce fichier ne peut pas être vérifié pour le moment. Réessayez plus tard.',
  too_many_requests: 'Plus aucun fichier ne peut être reçu aujourd’hui. Réessayez demain.',
  failed: 'Ce fichier n’a pas pu être envoyé.',
};

/** @type {Words} */
const es = {
  attach: 'Adjuntar archivos',
  to_send: 'Archivos para enviar',
  drop: 'Suelte los archivos aquí',
  uploading: 'Subiendo {name}',
  attached: '{name} está adjunto.',
  save: 'Guardar {name}',
  close_picture: 'Cerrar la imagen',
  gone: 'Este archivo ya no está aquí.',
  many: 'Un mensaje admite {count} archivos como máximo.',
  empty: '{name} está vacío.',
  too_large: '{name} es demasiado grande. El máximo es {size}.',
  too_large_there: 'Este archivo es demasiado grande.',
  off: 'Aquí no se pueden enviar archivos.',
  files_off: 'Aquí no se pueden enviar archivos.',
  unsupported_media_type: 'No se puede enviar este tipo de archivo. Una imagen o un PDF, sí.',
  file_refused: 'No se puede enviar este archivo: está dañado o no es seguro.',
  conversation_full: 'En esta conversación no caben más archivos.',
  file_unchecked: 'Este archivo no se puede comprobar ahora. Inténtelo más tarde.',
  too_many_requests: 'Hoy no se pueden recibir más archivos. Inténtelo mañana.',
  failed: 'No se pudo enviar este archivo.',
};

/** @type {Words} */
const zh = {
  attach: '添加文件',
  to_send: '待发送的文件',
  drop: '将文件拖放到这里',
  uploading: '正在上传 {name}',
  attached: '已添加 {name}。',
  save: '保存 {name}',
  close_picture: '关闭图片',
  gone: '此文件已不存在。',
  many: '一条消息最多可附 {count} 个文件。',
  empty: '{name} 是空文件。',
  too_large: '{name} 太大，最多可发送 {size}。',
  too_large_there: '此文件太大。',
  off: '此处无法发送文件。',
  files_off: '此处无法发送文件。',
  unsupported_media_type: '无法发送此类文件。可以发送图片或 PDF。',
  file_refused: '无法发送此文件：文件已损坏或不安全。',
  conversation_full: '此对话无法再添加文件。',
  file_unchecked: '暂时无法检查此文件，请稍后再试。',
  too_many_requests: '今天无法再接收文件，请明天再试。',
  failed: '此文件未能发送。',
};

/** @type {Words} */
const ar = {
  attach: 'إرفاق ملفات',
  to_send: 'ملفات للإرسال',
  drop: 'أفلت الملفات هنا',
  uploading: 'جارٍ رفع {name}',
  attached: 'أُرفق {name}.',
  save: 'حفظ {name}',
  close_picture: 'إغلاق الصورة',
  gone: 'لم يعد هذا الملف متاحًا.',
  many: 'الحد الأقصى لعدد الملفات في الرسالة هو {count}.',
  empty: 'الملف {name} فارغ.',
  too_large: 'الملف {name} كبير جدًا. الحد الأقصى {size}.',
  too_large_there: 'هذا الملف كبير جدًا.',
  off: 'لا يمكن إرسال ملفات هنا.',
  files_off: 'لا يمكن إرسال ملفات هنا.',
  unsupported_media_type: 'لا يمكن إرسال هذا النوع من الملفات. يمكنك إرسال صورة أو ملف PDF.',
  file_refused: 'لا يمكن إرسال هذا الملف: إنه تالف أو غير آمن.',
  conversation_full: 'لا تتسع هذه المحادثة لملفات أخرى.',
  file_unchecked: 'يتعذر فحص هذا الملف الآن. يرجى المحاولة لاحقًا.',
  too_many_requests: 'لا يمكن استقبال ملفات أخرى اليوم. يرجى المحاولة غدًا.',
  failed: 'تعذر إرسال هذا الملف.',
};

/** @type {Record<string, Words>} */
const TABLES = { ar, de, en, es, fr, zh };

/** @param {string} locale @returns {Words} */
export function wordsFor(locale) {
  return TABLES[locale.split('-')[0] ?? ''] ?? en;
}

/** A size in the units of the language. @param {number} bytes @param {string} locale */
export function sizeOf(bytes, locale) {
  const [unit, value] = bytes >= 1e6 ? ['megabyte', bytes / 1e6] : bytes >= 1000 ? ['kilobyte', bytes / 1000] : ['byte', bytes];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}
