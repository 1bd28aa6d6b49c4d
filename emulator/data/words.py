"""Invented words of a Brazilian sales team. Nobody real: e-mails end in exemplo.test, phones are plainly made up."""

from __future__ import annotations

FIRST_NAMES = (
    "Ana",
    "Bruno",
    "Camila",
    "Diego",
    "Elisa",
    "Fábio",
    "Gabriela",
    "Heitor",
    "Iara",
    "João",
    "Karina",
    "Luís",
    "Marta",
    "Nuno",
    "Olívia",
    "Paulo",
    "Quitéria",
    "Rafael",
    "Sílvia",
    "Tomás",
    "Úrsula",
    "Vítor",
    "Yasmin",
    "Zeca",
)
LAST_NAMES = (
    "Exemplo",
    "Modelo",
    "Fictício",
    "Amostra",
    "Ensaio",
    "Rascunho",
    "Protótipo",
    "Simulado",
    "Inventado",
    "Teste",
)
JOB_TITLES = ("Compras", "Diretoria", "Financeiro", "Marketing", "Operações", "Recepção", "TI", "Vendas", None, None)
TRADES = (
    "Padaria",
    "Oficina",
    "Livraria",
    "Clínica",
    "Transportes",
    "Mercado",
    "Escola",
    "Farmácia",
    "Hotel",
    "Gráfica",
)
PLACES = (
    "Aurora",
    "do Vale",
    "Boa Vista",
    "Central",
    "das Palmeiras",
    "Horizonte",
    "Ipê",
    "Luar",
    "Mirante",
    "Serra Azul",
)
STREETS = ("Rua das Acácias", "Avenida do Sol", "Travessa do Porto", "Rua do Mercado", "Alameda dos Ipês")
CITIES = (
    ("Recife", "-8.05", "-34.90"),
    ("Curitiba", "-25.43", "-49.27"),
    ("Belém", "-1.45", "-48.49"),
    ("Goiânia", "-16.68", "-49.25"),
)
OFFERS = ("Plano anual", "Plano mensal", "Implantação", "Renovação", "Consultoria", "Treinamento", "Migração", "Piloto")
TASK_NAMES = ("Ligar para confirmar", "Enviar proposta", "Agendar visita", "Cobrar retorno", "Preparar contrato")
NOTE_TEXTS = (
    "Pediu desconto à vista.",
    'Disse: "volto a ligar".',
    "Proposta enviada por e-mail.",
    "Sem retorno há uma semana.\nTentar de novo.",
)
CAMPAIGNS = (
    "Feira de Outono",
    "Indicação premiada",
    "Boletim mensal",
    "Semana do cliente",
    "Volta às aulas",
    "Fim de ano",
)
SOURCES = ("Site", "Feira", "Indicação", "Telefone", "Anúncio", "Parceiro", "Evento", "Outros")
LOST_REASONS = ("Preço", "Prazo", "Sem retorno", "Concorrente", "Sem verba", "Fora do perfil", "Desistiu", "Duplicado")
SEGMENTS = ("Alimentação", "Educação", "Indústria", "Logística", "Saúde", "Serviços", "Tecnologia", "Turismo", "Varejo")
PIPELINES = ("Funil padrão", "Parcerias", "Renovações", "Licitações")
STAGES = ("Sem contato", "Contato feito", "Interesse", "Proposta enviada", "Negociação", "Fechamento")
PRODUCTS = ("Licença", "Suporte", "Treinamento", "Integração", "Relatório", "Hospedagem", "Consultoria", "Assinatura")
TEAMS = ("Vendas Norte", "Vendas Sul", "Pós-venda", "Parcerias")
DEAL_CHANNELS = ("Site", "Feira", "Telefone", "Indicação")


def numbered(words: tuple[str, ...], index: int) -> str:
    """The index-th name: the words first, then the words with a number, never one twice."""
    word = words[index % len(words)]
    return word if index < len(words) else f"{word} {index // len(words) + 1}"
