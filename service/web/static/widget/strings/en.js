/** English: what every other language is held against, and what is shown where one cannot be loaded. */
export default {
  // launcher and frame
  launcher_open: 'Open chat',
  launcher_close: 'Close chat',
  unread_one: '{count} new message',
  unread_other: '{count} new messages',
  dialog_label: 'Chat with {name}',
  close: 'Close chat',
  menu: 'More options',
  menu_person: 'Talk to a person',
  menu_transcript: 'Save this conversation',

  // header
  status_desk: 'Usually answers at once',
  status_waiting: 'Waiting for a colleague',
  status_operator: 'You are talking to {name}',
  status_resolved: 'Closed. Write again any time',
  status_offline: 'No connection',
  somebody: 'a colleague',

  // conversation
  log_label: 'Messages',
  welcome: 'Hello! How can we help?',
  intro: 'Ask anything. A person can take over whenever you like.',
  you: 'You',
  today: 'Today',
  yesterday: 'Yesterday',
  joined: '{name} joined the conversation',
  asking_person: 'Asking for a person…',
  asking_person_failed: 'We could not ask for a person.',
  started_over: 'The earlier conversation is no longer here, so this is a new one.',
  typing: '{name} is typing…',
  suggestions: 'Suggested replies',
  new_messages: 'New messages',

  // delivery
  sending: 'Sending…',
  queued: 'Waiting for the connection',
  sent: 'Sent',
  failed: 'Not sent',
  retry: 'Try again',
  remove: 'Remove',

  // feedback
  helpful: 'This helped',
  not_helpful: 'This did not help',
  thanks: 'Thank you',
  sorry: 'Sorry about that.',

  // when a person has closed the conversation
  rate_title: 'How did we do?',
  rate_1: 'Very bad',
  rate_2: 'Bad',
  rate_3: 'All right',
  rate_4: 'Good',
  rate_5: 'Very good',
  rate_comment: 'Anything to add? (optional)',
  rate_send: 'Send',
  rate_close: 'Not now',
  rate_thanks: 'Thank you. That helps us.',
  rate_failed: 'This could not be sent. Please try again.',

  // composer
  composer_label: 'Your message',
  composer_placeholder: 'Write a message…',
  send: 'Send',
  left_one: '{count} character left',
  left_other: '{count} characters left',
  over_one: '{count} character too long',
  over_other: '{count} characters too long',

  // network
  offline: 'You are offline. What you write is kept and sent when you are back.',
  trouble: 'The desk cannot be reached just now. We keep trying.',
  try_now: 'Try now',
  said: '{name}: {text}',
};
