"""Customers of the merchant who let it use what they buy, and some who do not."""

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.customers.consent_book import ConsentBook
from crmdapp.customers.consent_intents import sign_grant
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.terms import new_terms
from crmdapp.loyalty import LoyaltyClient
from crmdapp.loyalty.award_file import award_file
from crmdapp.web.api.customers.office import BOOK, folder_of

MEMBERS = 30
SILENT = 4  # who never agreed to anything
YEAR = 365 * 86_400


def member(number):
    return LocalSigner(keccak(f"agreeing {number}".encode()))


class Crowd:
    """A program of the merchant with customers.

    Attributes:
        program: Its number.
        terms: Of the consents, by number of the member.
    """

    def __init__(self, server, folder):
        town = self._town = server.town
        self.program = town.open_program("merchant")
        self._merchant = town.address("merchant")
        self._award(folder, range(MEMBERS), "12.50")
        self._award(folder, range(0, MEMBERS, 2), "3.00")
        self.terms = {number: self._terms(number) for number in range(MEMBERS - SILENT)}
        self._consents = town.client(ConsentClient, "merchant")
        grants = [
            sign_grant(member(n), self._consents.domain, terms, deadline=town.now() + YEAR)
            for n, terms in self.terms.items()
        ]
        assert not any(each.reason for each in self._consents.grant_many(grants))
        place = folder_of(server.context, self._merchant)
        place.mkdir(parents=True, exist_ok=True)
        with ConsentBook(place / BOOK, self._merchant) as book:
            for terms in self.terms.values():
                book.add(terms, town.now())
        server.settle()

    def withdraw(self, number):
        """Let a member take the consent back."""
        from crmdapp.customers.consent_intents import sign_withdrawal

        terms = self.terms[number]
        signed = sign_withdrawal(
            member(number),
            self._consents.domain,
            terms.subject,
            terms.consent_id,
            deadline=self._town.now() + YEAR,
        )
        self._consents.withdraw_by_sig(signed)

    def _award(self, folder, numbers, points):
        path = folder / f"awards-{points}.csv"
        rows = [f"{member(number).address},{points}" for number in numbers]
        path.write_text("address,points\n" + "\n".join(rows) + "\n")
        award_file(self._town.client(LoyaltyClient, "merchant"), path, self.program)

    def _terms(self, number):
        return new_terms(
            data_controller=self._merchant,
            subject=member(number).address,
            purposes=["DirectMarketing", "ServiceUsageAnalytics"],
            categories=["PurchasesAndSpendingHabit"],
            valid_from=self._town.now() - 60,
            valid_until=self._town.now() + YEAR,
            notice_hash=keccak(b"notice"),
            jurisdiction="AT",
        )
