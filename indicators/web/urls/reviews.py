"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import REVIEWER, page
from indicators.web.views import reviews

paths: list[URLPattern] = [
    path("reviews/", page(reviews.queue, REVIEWER), name="reviews"),
    path("reviews/<uuid:draft>/", page(reviews.review, REVIEWER), name="review"),
    path("reviews/<uuid:draft>/decide/", page(reviews.decide, REVIEWER), name="review-decide"),
    path("reviews/<uuid:draft>/remark/", page(reviews.remark, REVIEWER), name="review-remark"),
]
