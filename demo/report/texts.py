"""What the report says in Portuguese and in English, and how each writes numbers, days and durations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

__all__ = ["ENGLISH", "LANGUAGES", "PORTUGUESE", "Language"]

MINUTE, HOUR, DAY = 60, 3600, 86400


class Language:
    """One language: `texts["won"]`, and the forms of values. A value that is None is a dash."""

    def __init__(
        self, code: str, name: str, texts: Mapping[str, str], months: str, thousands: str, decimal: str
    ) -> None:
        self.code = code
        self.name = name
        self.texts = texts
        self._months = months.split()
        self._thousands, self._decimal = thousands, decimal

    def number(self, value: Any, digits: int = 0) -> str:
        """Return 1.234,5 or 1,234.5."""
        if value is None:
            return "-"
        swap = str.maketrans({",": self._thousands, ".": self._decimal})
        return f"{value:,.{digits}f}".translate(swap)

    def money(self, value: Any) -> str:
        """Return an amount of reais, in full."""
        return "-" if value is None else f"R$\N{NO-BREAK SPACE}{self.number(value, 2)}"

    def percent(self, part: float | None) -> str:
        """Return 59 % of 0.59."""
        return "-" if part is None else f"{self.number(part * 100)}%"

    def days(self, value: float | None) -> str:
        """Return days with a decimal."""
        return "-" if value is None else f"{self.number(value, 1)} {self.texts['days']}"

    def duration(self, seconds: float | None) -> str:
        """Return seconds in the two largest units that say something: 3 h 12 min."""
        if seconds is None:
            return "-"
        whole = round(seconds)
        if whole >= 2 * DAY:
            return self.days(whole / DAY)
        if whole >= HOUR:
            return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
        return f"{whole // MINUTE} min {whole % MINUTE} s" if whole >= MINUTE else f"{whole} s"

    def month(self, day: date) -> str:
        """Return nov 2026."""
        return f"{self._months[day.month - 1]} {day.year}"

    def short_month(self, day: date) -> str:
        """Return nov."""
        return self._months[day.month - 1]

    def moment(self, moment: datetime | None) -> str:
        """Return a moment of São Paulo, to the minute."""
        return "-" if moment is None else f"{moment.day} {self.month(moment)}, {moment:%H:%M} (São Paulo)"


PORTUGUESE = Language(
    "pt-BR",
    "Português",
    {
        "title": "Relatório comercial",
        "as_of": "Dados lidos até",
        "all_time": "Números de todo o período:",
        "nothing": "Ainda não há dados.",
        "not_synced": "O fluxo {} não foi sincronizado.",
        "table": "Ver os números em tabela",
        "total": "no total",
        "highest": "maior valor",
        "more": "mais {} na tabela",
        "missing": "Falta o que depende destes fluxos, que não foram sincronizados:",
        "days": "dias",
        "deals": "Negociações",
        "value": "Valor",
        "month": "Mês",
        "pipeline": "Funil",
        "stage": "Etapa",
        "none": "(não informado)",
        "won_value": "Valor ganho",
        "won_deals": "Negociações ganhas",
        "open_value": "Valor em aberto",
        "open_deals": "Negociações em aberto",
        "lost_deals": "Negociações perdidas",
        "win_rate": "Taxa de ganho",
        "days_to_win": "Dias até o ganho, em média",
        "first_response": "Tempo até a primeira resposta (mediana)",
        "attendances": "Atendimentos",
        "by_month": "Valor ganho por mês",
        "by_month_note": "Negociações ganhas nos últimos 12 meses, pelo dia do fechamento em São Paulo.",
        "funnel": "Funil de vendas",
        "funnel_note": "Negociações que chegaram a cada etapa ou além dela; as ganhas contam em todas.",
        "reached": "Chegaram",
        "open_here": "Em aberto aqui",
        "lost_here": "Perdidas aqui",
        "to_next": "Avançaram",
        "time": "Tempo em cada etapa",
        "time_note": "Mediana de dias por passagem; as passagens em aberto contam até agora.",
        "time_seen_note": "Só com a API v2: contam as passagens cujo início uma sincronização viu.",
        "time_unknown": "Não é possível saber: os dados só têm a etapa atual de cada negociação. O histórico vem do "
        "fluxo deals_details da API v1, ou das versões que o modo Incremental, Append mantém.",
        "visits": "Passagens",
        "median_days": "Mediana de dias",
        "mean_days": "Média de dias",
        "lost": "Motivos de perda",
        "lost_note": "Negociações perdidas, por motivo.",
        "reason": "Motivo",
        "sellers": "Vendedores",
        "sellers_note": "Valor ganho por responsável.",
        "seller": "Responsável",
        "forecast": "Previsão",
        "forecast_note": "Negociações em aberto, pelo mês previsto para o fechamento.",
        "overdue": "Atrasadas",
        "no_day": "Sem data",
        "responses": "Tempo de resposta",
        "responses_note": "Da mensagem com que um contato começa uma conversa até a próxima de um atendente, noites e "
        "fins de semana incluídos; as do bot não contam. Mediana, por mês em que o contato escreveu.",
        "conversations": "Conversas",
        "answered": "Respondidas",
        "service": "Atendimentos por atendente",
        "service_note": "Espera e duração como o Conversas as registra em cada atendimento (TME e TMA). A espera não é "
        "o tempo até a primeira resposta, que se mede nas mensagens.",
        "employee": "Atendente",
        "mean_wait": "Espera média",
        "mean_service": "Duração média",
        "rating": "Nota média",
        "bot": "(só o bot)",
    },
    "jan fev mar abr mai jun jul ago set out nov dez",
    ".",
    ",",
)
ENGLISH = Language(
    "en",
    "English",
    {
        "title": "Sales report",
        "as_of": "Data read until",
        "all_time": "Figures of all time:",
        "nothing": "Nothing yet.",
        "not_synced": "The stream {} was not synced.",
        "table": "Show the figures as a table",
        "total": "in all",
        "highest": "highest",
        "more": "{} more in the table",
        "missing": "What depends on these streams is missing, as they were not synced:",
        "days": "days",
        "deals": "Deals",
        "value": "Value",
        "month": "Month",
        "pipeline": "Pipeline",
        "stage": "Stage",
        "none": "(not given)",
        "won_value": "Value won",
        "won_deals": "Deals won",
        "open_value": "Open value",
        "open_deals": "Open deals",
        "lost_deals": "Deals lost",
        "win_rate": "Win rate",
        "days_to_win": "Mean days to win",
        "first_response": "Time to first response (median)",
        "attendances": "Attendances",
        "by_month": "Value won by month",
        "by_month_note": "Deals won in the last 12 months, by the day they were closed in São Paulo.",
        "funnel": "Sales funnel",
        "funnel_note": "Deals that reached each stage or a later one; those won count in all.",
        "reached": "Reached",
        "open_here": "Open here",
        "lost_here": "Lost here",
        "to_next": "Went on",
        "time": "Time in each stage",
        "time_note": "Median days of a visit; open visits count until now.",
        "time_seen_note": "With API v2 alone, visits count whose beginning a sync has seen.",
        "time_unknown": "This cannot be told: the tables hold only the present stage of each deal. The history comes "
        "from the stream deals_details of API v1, or from the versions that the mode Incremental, Append keeps.",
        "visits": "Visits",
        "median_days": "Median days",
        "mean_days": "Mean days",
        "lost": "Loss reasons",
        "lost_note": "Deals lost, by reason.",
        "reason": "Reason",
        "sellers": "Sellers",
        "sellers_note": "Value won by responsible user.",
        "seller": "Seller",
        "forecast": "Forecast",
        "forecast_note": "Open deals, by the month they are expected to close in.",
        "overdue": "Overdue",
        "no_day": "No day",
        "responses": "Response time",
        "responses_note": "From the message with which a contact begins a conversation to the next one of an operator, "
        "nights and weekends included; the bot's do not count. Median, by the month in which the contact wrote.",
        "conversations": "Conversations",
        "answered": "Answered",
        "service": "Attendances by employee",
        "service_note": "Wait and length as Conversas records them with each attendance (TME and TMA). The wait is not "
        "the time to first response, which is measured in the messages.",
        "employee": "Employee",
        "mean_wait": "Mean wait",
        "mean_service": "Mean length",
        "rating": "Mean rating",
        "bot": "(the bot alone)",
    },
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    ",",
    ".",
)
LANGUAGES = (PORTUGUESE, ENGLISH)
