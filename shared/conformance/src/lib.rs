//! What every system of record must do, as tests that know the ports of [`souk_domain::ports`] and no store.
//!
//! A store runs all of them with [`conformance_tests!`]. Where the ports leave a choice (the order of facets, which of two
//! refusals comes first), the tests leave it too.

pub mod accounts;
pub mod addresses;
pub mod audit;
pub mod cancellations;
pub mod categories;
pub mod changes;
pub mod coupons;
pub mod customers;
pub mod erased_orders;
pub mod erasure;
mod hooks;
pub mod idempotency;
pub mod imports;
pub mod inventory;
mod listing;
pub mod lives;
mod mailbox;
pub mod mails;
pub mod order_list;
pub mod order_mails;
pub mod order_numbers;
pub mod order_races;
pub mod orders;
pub mod outbox;
pub mod outbox_archive;
pub mod passwords;
pub mod people;
pub mod people_list;
pub mod placing;
pub mod prices;
pub mod pricing;
pub mod product_list;
pub mod product_search;
pub mod products;
pub mod quoting;
mod rules;
mod sales;
pub mod second_factor;
mod shop;
pub mod sqlserver;
pub mod terms;
pub mod waiting;
pub mod webhook_deliveries;
pub mod webhooks;

/// One `#[tokio::test]` for each test of this crate.
///
/// `$open` names an async function of the calling module. It gives a fresh empty `Arc<dyn Store>` and a guard that is
/// dropped when the test is over, such as the directory of the store's files. Attributes before the name go to each test.
#[macro_export]
macro_rules! conformance_tests {
    ($(#[$attribute:meta])* $open:ident) => {
        $crate::conformance_tests! { @expand ($(#[$attribute])*) $open
            categories {
                a_new_category_reads_back_as_it_was_answered
                an_unknown_category_is_not_found
                a_parent_must_exist
                a_change_makes_a_new_version
                a_change_of_another_version_is_stale
                one_of_several_changes_at_once_succeeds
                a_name_is_unique_below_its_parent_whatever_case_and_accents
                a_name_may_repeat_below_other_parents
                a_category_does_not_stand_in_its_own_way
                names_that_fold_differently_are_different
                a_name_that_several_want_at_once_goes_to_one
                a_category_cannot_stand_below_itself
                two_moves_at_once_make_no_ring
                a_category_in_use_stays
                a_category_with_children_stays
                a_removed_category_is_gone
                a_removal_races_with_a_new_product
                a_removal_races_with_a_new_child
                siblings_are_listed_by_name
                the_longest_category_names_are_kept
            }
            products {
                a_new_product_reads_back_as_answered
                an_unknown_product_is_not_found
                several_products_are_read_by_their_ids
                two_hundred_products_are_read_at_once
                the_category_of_a_product_must_exist
                a_sku_is_taken_whatever_its_case
                a_sku_that_several_want_at_once_goes_to_one
                a_change_of_a_product_makes_a_new_version
                a_change_of_another_version_of_a_product_is_stale
                one_of_several_changes_of_a_product_at_once_succeeds
                changes_of_any_version_at_once_all_succeed
                a_discontinued_product_is_not_changed
                a_product_is_discontinued_once
                a_product_is_discontinued_once_by_several_at_once
                texts_come_back_as_they_were
                the_longest_texts_are_kept
                prices_at_the_limits_come_back_exactly
                a_weight_comes_back_as_it_was
            }
            product_list {
                every_sort_gives_every_product_once_and_in_order
                a_list_ends_without_another_page
                new_products_between_pages_disturb_no_walk
                new_products_at_the_same_time_disturb_no_walk
            }
            product_search {
                a_category_finds_what_is_below_it
                a_price_range_holds_both_ends
                in_stock_is_what_can_be_ordered_now
                a_discontinued_product_is_not_listed
                a_search_finds_all_words_and_the_start_of_the_last
                a_search_folds_accents_and_nothing_else
                a_changed_product_is_found_by_its_new_words
                filters_narrow_each_other
                facets_count_all_that_matches_by_category
                facets_come_when_asked_for
            }
            imports {
                an_import_tells_what_became_of_each_row_in_order
                a_repeated_import_changes_nothing
                an_absent_description_stays_as_it_is
                an_absent_weight_stays_as_it_is
                rows_of_one_sku_follow_each_other
                an_import_makes_missing_categories_at_the_top
                an_import_of_nothing_does_nothing
                imports_at_once_make_each_product_once
                an_import_takes_ten_thousand_rows
                an_import_leaves_the_weight_as_it_was
            }
            inventory {
                stock_is_corrected_by_a_difference_or_to_a_number
                an_unknown_product_has_no_stock
                a_correction_of_another_version_is_stale
                an_order_makes_a_correction_stale
                stock_out_of_range_is_refused
                corrections_at_once_all_count
                one_of_several_corrections_of_a_version_succeeds
                pieces_are_taken_away_once
                the_ledger_tells_of_each_movement
                the_ledger_is_walked_newest_first
                the_ledger_sums_to_the_stock_after_anything
                the_ledger_sums_to_the_stock_after_many_at_once
            }
            customers {
                a_new_customer_reads_back_as_answered
                an_unknown_customer_is_not_found
                an_address_is_taken_whatever_its_case
                addresses_that_differ_in_accents_are_different
                an_address_that_several_want_at_once_goes_to_one
                an_account_is_found_by_its_address
                an_unknown_address_has_no_account
                the_longest_names_and_addresses_are_kept
            }
            accounts {
                a_confirmed_registration_makes_a_customer
                the_link_of_a_registration_works_once
                a_link_to_confirm_works_until_its_time_is_over
                a_registration_of_a_taken_address_fails_when_it_is_confirmed
                a_wish_does_not_tell_who_is_known
                the_first_confirmed_registration_counts
                one_of_several_registrations_confirmed_at_once_succeeds
                one_of_several_uses_of_a_registration_at_once_succeeds
                a_link_does_only_what_it_is_for
                an_invited_member_of_staff_gets_mail
                an_invitation_to_a_taken_address_is_refused
            }
            addresses {
                a_confirmed_change_gives_another_address
                the_old_address_is_told_of_a_change
                the_link_of_a_change_works_once
                one_of_several_uses_of_a_change_at_once_succeeds
                an_address_that_was_taken_meanwhile_is_refused
                an_address_that_several_change_to_at_once_goes_to_one
                a_change_of_nobody_is_not_found
                somebody_shut_out_keeps_their_address
            }
            passwords {
                a_reset_gives_another_password_and_ends_the_sessions
                the_link_of_a_reset_works_once
                a_link_to_a_password_works_until_its_time_is_over
                a_reset_ends_the_other_links
                another_password_ends_every_link_of_the_account
                one_of_several_resets_at_once_succeeds
                a_reset_of_an_unknown_address_opens_nothing
                a_link_does_not_open_an_account_that_is_shut
                a_link_to_an_old_address_opens_nothing
                an_invitation_lets_choose_a_password
                a_change_keeps_one_session
                sessions_end_for_one_person
                a_session_that_is_over_stays_over
                a_session_may_be_kept_again
                a_hash_is_upgraded_when_the_old_one_is_there
                an_upgrade_does_not_undo_a_change
                a_password_of_nobody_is_not_found
            }
            second_factor {
                an_offered_factor_waits_for_its_confirmation
                a_confirmation_ends_the_other_sessions
                an_offer_replaces_the_one_before
                a_confirmed_factor_is_not_replaced
                a_factor_that_is_missing_is_told
                a_removed_factor_is_gone
                steps_only_grow
                a_step_lets_one_of_several_at_once_in
                a_recovery_code_works_once
                a_recovery_code_lets_one_of_several_at_once_in
                one_of_several_confirmations_at_once_succeeds
                a_factor_of_nobody_is_not_found
            }
            people {
                a_changed_profile_reads_back_as_answered
                address_books_come_back_as_they_were
                a_change_of_another_version_of_a_profile_is_stale
                one_of_several_changes_of_a_profile_at_once_succeeds
                changes_of_a_person_at_once_all_count
                an_unknown_person_is_not_changed
                being_shut_out_ends_the_sessions
                a_status_is_changed_once
                a_status_is_changed_once_by_several_at_once
            }
            people_list {
                people_are_walked_newest_first
                a_list_of_people_ends
                people_are_found_by_words_of_name_and_address
                a_search_for_people_folds_accents_and_nothing_else
                filters_of_people_narrow_each_other
                a_changed_person_is_found_by_their_new_words
                an_erased_person_is_found_by_no_word
            }
            erasure {
                an_erased_person_is_an_id
                the_orders_of_an_erased_person_lose_their_addresses
                the_kept_answers_of_an_erased_person_are_gone
                the_mail_of_an_erased_person_is_not_sent
                an_erased_person_may_register_anew
                an_erased_person_has_no_other_status
                somebody_shut_out_may_be_erased
                a_person_is_erased_once
                an_erased_person_is_not_changed
                an_erasure_races_with_the_persons_own_commands
            }
            erased_orders {
                an_order_loses_its_address_and_notes_with_its_buyer
                the_order_of_somebody_forgotten_goes_on
                the_kept_answers_of_staff_lose_the_address_too
                a_change_during_an_erasure_brings_no_address_back
            }
            mails {
                a_mail_says_to_whom_and_why
                only_the_last_link_of_a_mail_works
                a_mail_that_several_write_at_once_has_one_link
                a_mail_that_was_sent_is_not_sent_again
                a_mail_whose_link_was_used_is_not_written_again
                a_mail_that_is_too_old_is_not_sent
                a_sweep_forgets_the_mails_that_are_too_old
                a_notice_has_no_link
                mail_is_asked_for_in_the_outbox
            }
            order_mails {
                an_order_is_mailed_once_for_each_event
                what_several_note_of_a_mailed_order_at_once_is_noted
                who_was_forgotten_gets_no_mail_of_orders
                a_sweep_forgets_which_orders_were_mailed
            }
            audit {
                every_action_leaves_its_line
                lines_are_found_by_actor_and_subject
                the_log_is_walked_newest_first
                a_look_through_the_people_leaves_a_line
                what_did_not_happen_leaves_no_line
            }
            pricing {
                rules_come_back_in_the_order_of_their_names
                a_rule_replaces_the_one_of_its_name
                a_removed_rule_is_gone
                a_claimed_rule_is_saved_and_removed_once
                rules_saved_at_once_leave_each_name_once
            }
            terms {
                terms_tell_the_products_of_a_wish_and_their_stock
                terms_tell_every_shipping_method
                terms_tell_the_tax_where_the_order_goes
                terms_tell_the_coupon_and_how_often_it_was_used
                a_wish_that_was_granted_before_is_told_as_made
                asking_for_terms_leaves_nothing
                what_a_wish_took_is_not_told_without_the_wish
            }
            placing {
                an_order_is_kept_as_it_was_quoted
                sums_at_the_limit_are_kept
                an_order_without_a_price_is_paid_at_once
                what_moved_since_the_quote_is_told_together
                a_quote_of_what_is_gone_becomes_no_order
                a_quote_of_nobody_becomes_no_order
                a_claimed_quote_is_placed_once
            }
            quoting {
                a_price_that_moves_in_between_is_quoted_anew
                an_agreed_price_that_moves_in_between_is_told
                a_price_that_moves_all_the_time_is_told_at_last
                what_is_gone_in_between_is_told
            }
            coupons {
                as_many_orders_use_a_coupon_as_may
                as_many_orders_of_one_customer_use_a_coupon_as_may
                quotes_made_before_meet_the_limits_when_they_are_placed
                a_coupon_that_changed_since_the_quote_is_not_used
                a_refused_order_uses_no_coupon
                an_order_that_ends_frees_its_coupon_once
                an_order_that_goes_on_keeps_its_coupon
                a_removed_coupon_is_no_hindrance
                a_claimed_order_with_the_last_of_everything_is_placed_once
            }
            orders {
                an_order_reads_back_as_it_was_answered
                an_order_reserves_stock
                orders_are_told_with_the_stock_they_change
                an_order_keeps_the_prices_of_its_moment
                an_address_comes_back_as_it_was
                every_shortage_is_told_and_nothing_reserved
                the_last_pieces_can_be_ordered
                every_unknown_product_is_told
                every_discontinued_product_is_told
                an_amount_too_large_changes_nothing
                an_order_has_one_currency
                the_largest_quantity_can_be_ordered
                an_order_of_nobody_changes_nothing
                an_unknown_order_is_not_found
                the_order_of_another_is_not_found
            }
            order_races {
                an_order_races_with_a_discontinuation
                sixty_four_buyers_race_for_ten_pieces
                orders_at_once_in_any_line_order_all_succeed
                an_order_has_up_to_two_thousand_products
            }
            order_numbers {
                an_order_has_a_number_of_its_year
                sixty_four_orders_at_once_have_sixty_four_numbers
                an_order_is_found_by_its_number_and_address
                the_present_address_finds_an_order
            }
            order_list {
                orders_are_walked_newest_first
                without_orders_the_list_is_empty
                orders_of_everybody_are_walked_newest_first
                a_list_of_orders_ends
                orders_are_found_by_their_status
                a_span_of_time_holds_its_beginning_and_not_its_end
                orders_are_found_by_words_of_their_buyer
                conditions_of_orders_narrow_each_other
            }
            prices {
                an_order_at_agreed_prices_is_placed
                every_price_that_was_not_agreed_to_is_told
                shortages_and_changed_prices_are_told_together
                an_agreed_price_races_with_a_change
            }
            cancellations {
                a_cancellation_gives_the_stock_back
                a_second_cancellation_changes_nothing
                cancellations_at_once_release_once
                a_cancelled_order_asks_for_its_money_back
                an_order_that_was_sent_is_not_cancelled
            }
            changes {
                a_change_is_kept_as_the_order_said_it
                pieces_move_in_several_ways_at_once
                pieces_that_are_named_twice_are_released_together
                what_happened_before_changes_nothing
                a_claim_that_changed_nothing_is_remembered
                a_claimed_change_is_decided_once
                a_claimed_change_happens_once_of_twenty_at_once
                changes_at_once_all_happen
                changes_at_once_see_each_other
                a_refusal_comes_back_and_leaves_nothing
                a_claim_of_nothing_may_be_used_again
                an_order_is_decided_on_as_it_is
                parcels_at_once_send_each_piece_once
            }
            lives {
                an_order_lives_from_payment_to_refund
                money_that_is_held_is_let_go_or_moved
                money_that_comes_too_late_goes_back
                whatever_happens_is_kept_whole_or_refused
                whatever_happens_at_once_leaves_whole_orders
            }
            waiting {
                an_unpaid_order_waits_from_the_end_of_its_time_on
                an_order_that_was_paid_or_ended_waits_no_longer
                an_order_waits_longer_for_money_that_may_be_on_its_way
                an_order_whose_money_is_gone_waits_again
                an_order_waits_for_what_its_provider_was_asked
                a_sweep_that_ends_what_it_finds_meets_every_order
            }
            idempotency {
                a_claimed_order_is_placed_once
                a_claimed_cancellation_runs_once
                a_claimed_correction_counts_once
                a_claimed_registration_registers_once
                a_claimed_product_is_made_once
                a_claimed_change_of_a_product_runs_once
                a_claimed_discontinuation_runs_once
                claimed_commands_on_categories_run_once
                a_claimed_confirmation_runs_once
                a_claimed_reset_runs_once
                a_claimed_wish_causes_one_mail
                claimed_commands_on_people_run_once
                a_repetition_gets_the_first_result
                a_key_with_another_fingerprint_is_refused
                two_fingerprints_at_once_have_one_effect
                another_scope_is_independent
                keys_are_compared_exactly
                an_expired_key_runs_again
                a_sweep_forgets_every_expired_key
                a_failed_command_leaves_no_record
                a_claim_that_fails_at_once_fails_each_time
                without_a_claim_every_command_runs
            }
            outbox {
                the_store_answers
                committed_events_are_claimed_in_order
                an_event_is_claimed_once
                the_oldest_events_are_claimed_first
                young_events_are_left_alone
                relays_at_once_share_all_events
                two_relays_at_once_do_not_meet
                no_event_is_missed_while_commands_run
                an_unmarked_claim_ends
                released_events_are_claimed_again
                published_events_are_gone
                a_marked_claim_does_not_come_back
                marks_do_no_harm
                the_latest_publication_is_known
                republished_events_are_claimed_again
                republishing_ends_old_claims
                failures_and_repetitions_leave_no_event
                events_carry_their_cause
                categories_and_customers_make_no_event
            }
            outbox_archive {
                events_are_walked_in_the_order_of_their_commits
                events_are_read_since_a_moment
                what_was_published_is_archived
                archived_events_keep_their_places
                archived_events_are_not_published_again
                archivers_at_once_move_each_event_once
                no_event_is_missed_while_events_are_archived
            }
            webhooks {
                a_new_webhook_reads_back_as_it_was_answered
                an_unknown_webhook_is_not_found
                a_change_of_a_webhook_is_what_it_decides
                changes_of_a_webhook_at_once_all_succeed
                webhooks_are_walked_newest_first
                a_removed_webhook_is_gone_with_its_log
                a_removal_races_with_events
                claimed_commands_on_webhooks_run_once
            }
            webhook_deliveries {
                an_event_goes_to_those_who_want_to_hear_of_it
                an_event_is_put_on_its_way_once
                a_gap_is_filled_before_what_came_after_it
                several_aggregates_are_told_at_once
                events_from_before_are_not_sent
                one_aggregate_goes_out_one_after_the_other
                a_failed_attempt_comes_again_in_its_place
                failures_are_counted_in_a_row
                senders_at_once_share_what_is_due
                a_webhook_takes_no_more_than_its_share
                a_claim_that_ended_is_taken_over
                a_silent_webhook_goes_on_where_it_was
                a_delivery_is_sent_again
                the_delivery_log_is_walked_newest_first
                finished_deliveries_are_forgotten
            }
        }
    };
    (@expand $attributes:tt $open:ident $($module:ident { $($test:ident)* })*) => {
        $(
            mod $module {
                $($crate::conformance_tests! { @test $attributes $open $module $test })*
            }
        )*
    };
    (@test ($(#[$attribute:meta])*) $open:ident $module:ident $test:ident) => {
        $(#[$attribute])*
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let (store, _guard) = super::$open().await;
            $crate::$module::$test(store).await;
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_macro_names_every_test_of_every_module() {
        let macro_text = include_str!("lib.rs");
        let modules = [
            ("accounts", include_str!("accounts.rs")),
            ("addresses", include_str!("addresses.rs")),
            ("audit", include_str!("audit.rs")),
            ("cancellations", include_str!("cancellations.rs")),
            ("categories", include_str!("categories.rs")),
            ("changes", include_str!("changes.rs")),
            ("coupons", include_str!("coupons.rs")),
            ("customers", include_str!("customers.rs")),
            ("erased_orders", include_str!("erased_orders.rs")),
            ("erasure", include_str!("erasure.rs")),
            ("idempotency", include_str!("idempotency.rs")),
            ("imports", include_str!("imports.rs")),
            ("inventory", include_str!("inventory.rs")),
            ("lives", include_str!("lives.rs")),
            ("mails", include_str!("mails.rs")),
            ("order_list", include_str!("order_list.rs")),
            ("order_numbers", include_str!("order_numbers.rs")),
            ("order_races", include_str!("order_races.rs")),
            ("orders", include_str!("orders.rs")),
            ("outbox", include_str!("outbox.rs")),
            ("outbox_archive", include_str!("outbox_archive.rs")),
            ("passwords", include_str!("passwords.rs")),
            ("people", include_str!("people.rs")),
            ("people_list", include_str!("people_list.rs")),
            ("placing", include_str!("placing.rs")),
            ("prices", include_str!("prices.rs")),
            ("pricing", include_str!("pricing.rs")),
            ("product_list", include_str!("product_list.rs")),
            ("product_search", include_str!("product_search.rs")),
            ("products", include_str!("products.rs")),
            ("quoting", include_str!("quoting.rs")),
            ("second_factor", include_str!("second_factor.rs")),
            ("terms", include_str!("terms.rs")),
            ("waiting", include_str!("waiting.rs")),
            ("webhook_deliveries", include_str!("webhook_deliveries.rs")),
            ("webhooks", include_str!("webhooks.rs")),
        ];
        for (module, text) in modules {
            let names = text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
            let list = macro_text.split_once(&format!("            {module} {{")).expect(module).1;
            let list: Vec<_> = list.split_once('}').expect(module).0.split_whitespace().collect();
            assert_eq!(list, names.collect::<Vec<_>>(), "{module}");
        }
    }
}
